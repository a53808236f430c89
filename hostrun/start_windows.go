package hostrun

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/devrun/devrun/plan"
)

// jobPoll is the time between two looks at a job whose leader has ended.
const jobPoll = 50 * time.Millisecond

// keeper is the job object that holds a tree. The system ends the tree when
// the last handle to it is closed, which is when devrun ends at the latest.
type keeper struct {
	leader  *os.Process
	stdin   *os.File
	deposed chan struct{}

	mu  sync.Mutex
	job windows.Handle // 0 once it is closed
}

// Start starts p with one pipe for its standard output and error, in a job
// object of its own. out.ReadFrom is called once, in a goroutine of the Host,
// with devrun's end of it, an *os.File, and must return at the first error.
// When it returns early, the rest of the output is discarded.
func (h *Host) Start(p plan.Process, out io.ReaderFrom) (*Process, error) {
	env := h.mark(p.Environ(), p.ID)
	if err := nul(p.Command, env); err != nil {
		return nil, err
	}
	if !h.open() {
		return nil, errors.New("devrun is stopping")
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot open its output: %w", err)
	}
	defer func() { _ = write.Close() }()
	input, stdin, err := os.Pipe()
	if err != nil {
		_ = read.Close()
		return nil, fmt.Errorf("cannot open its input: %w", err)
	}
	defer func() { _ = input.Close() }()

	// cmd parses its line itself, and with /s takes what stands between the
	// first and the last quote as it is.
	leader, job, err := startInJob(`C:\Windows\System32\cmd.exe`, &os.ProcAttr{
		Dir: p.Dir, Env: env, Files: []*os.File{input, write, write},
		Sys: &syscall.SysProcAttr{
			CmdLine:       `cmd /d /s /c "` + p.Command + `"`,
			CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_SUSPENDED,
		},
	})
	if err != nil {
		_ = read.Close()
		_ = stdin.Close()
		return nil, refused(p.Dir, err)
	}
	proc := &Process{
		id: p.ID, pid: leader.Pid, out: read,
		keeper: &keeper{job: job, leader: leader, stdin: stdin, deposed: make(chan struct{}, 1)},
		exited: make(chan struct{}), gone: make(chan struct{}), done: make(chan struct{}),
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = out.ReadFrom(read)
		_, _ = io.Copy(io.Discard, read)
	}()
	go proc.watch(drained)
	return proc, nil
}

// startInJob starts a program that cannot run before it is in its job.
func startInJob(path string, attr *os.ProcAttr) (*os.Process, windows.Handle, error) {
	job, err := newJob()
	if err != nil {
		return nil, 0, fmt.Errorf("cannot create a job object: %w", err)
	}
	leader, err := os.StartProcess(path, nil, attr)
	if err != nil {
		_ = windows.CloseHandle(job)
		return nil, 0, err
	}
	err = assign(job, leader.Pid)
	if err == nil {
		err = resume(leader.Pid)
	}
	if err != nil {
		_ = leader.Kill()
		_, _ = leader.Wait()
		_ = windows.CloseHandle(job)
		return nil, 0, fmt.Errorf("cannot put it into a job object: %w", err)
	}
	return leader, job, nil
}

func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	if err := limit(job, windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE); err != nil {
		_ = windows.CloseHandle(job)
		return 0, err
	}
	return job, nil
}

func limit(job windows.Handle, flags uint32) error {
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = flags
	_, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	return err
}

func assign(job windows.Handle, pid int) error {
	p, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(p) }()
	return windows.AssignProcessToJobObject(job, p)
}

// resume lets a process go that was created suspended. os.StartProcess keeps
// no handle to its one thread, so it has to be found.
func resume(pid int) error {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(snapshot) }()
	entry := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(snapshot, &entry); err == nil; err = windows.Thread32Next(snapshot, &entry) {
		if entry.OwnerProcessID != uint32(pid) {
			continue
		}
		thread, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, entry.ThreadID)
		if err != nil {
			return err
		}
		_, err = windows.ResumeThread(thread)
		_ = windows.CloseHandle(thread)
		return err
	}
	return err
}

// watch says when the leader has ended, when the job is empty and when all is
// done.
func (p *Process) watch(drained <-chan struct{}) {
	state, err := p.keeper.leader.Wait()
	if err == nil && state.ExitCode() == 0 {
		p.ended(nil)
	} else {
		p.ended(&ExitError{Code: state.ExitCode()})
	}
	look := time.NewTicker(jobPoll)
	defer look.Stop()
	for p.keeper.active() > 0 && !p.keeper.isDeposed() {
		<-look.C
	}
	close(p.gone)
	p.keeper.close()
	p.drain(drained)
	_ = p.out.Close()
	close(p.done)
}

// accounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION.
type accounting struct {
	userTime, kernelTime, periodUserTime, periodKernelTime int64
	pageFaults, total, active, terminated                  uint32
}

func (k *keeper) active() uint32 {
	var a accounting
	err := windows.QueryInformationJobObject(k.job, windows.JobObjectBasicAccountingInformation,
		uintptr(unsafe.Pointer(&a)), uint32(unsafe.Sizeof(a)), nil)
	if err != nil {
		return 0
	}
	return a.active
}

// terminate asks politely: CTRL_BREAK reaches the process group, and only
// programs that share devrun's console.
func (k *keeper) terminate() {
	_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(k.leader.Pid))
}

func (k *keeper) kill() {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = windows.TerminateJobObject(k.job, 1)
}

func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = windows.CloseHandle(k.job)
	_ = k.stdin.Close()
	k.job = 0
}

func (k *keeper) signal(sig os.Signal) error {
	if sig != os.Kill {
		k.terminate()
		return nil
	}
	k.kill()
	return nil
}

func (k *keeper) depose() { k.deposed <- struct{}{} }

func (k *keeper) isDeposed() bool {
	select {
	case <-k.deposed:
		return true
	default:
		return false
	}
}

// exitError turns what os/exec says into what Run returns.
func exitError(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &ExitError{Code: exit.ExitCode()}
	}
	return err
}
