// Command web is the HTTP server of the sample: it answers on PORT with its own
// name, the port and a variable from .env, logs each request, and takes half a
// second to finish what it is doing when it is asked to stop.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

func serve() error {
	port := os.Getenv("PORT")
	if port == "" {
		return errors.New("web: PORT is not set")
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()

	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(hello), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Printf("listening on http://localhost:%s", port)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Print("finishing open requests")
	time.Sleep(500 * time.Millisecond)
	err = server.Shutdown(context.Background())
	log.Print("bye")
	return err
}

func hello(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	status := http.StatusOK
	if r.URL.Path == "/" {
		fmt.Fprintf(w, "%s from %s on port %s\n", os.Getenv("GREETING"), os.Getenv("PS"), os.Getenv("PORT"))
	} else {
		status = http.StatusNotFound
		http.NotFound(w, r)
	}
	log.Printf("%s %s %d %s", r.Method, r.URL.Path, status, time.Since(start).Round(time.Microsecond))
}
