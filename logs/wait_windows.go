package logs

import (
	"io"
	"syscall"
)

// waitWritable is never needed: a console or a pipe on Windows blocks.
func waitWritable(io.Writer) error {
	return syscall.EAGAIN
}
