package redistest

import (
	"os/exec"
	"runtime"
	"sync"
)

// process is a child process. On Linux it ends when this program ends for any reason.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when Wait has returned
}

func spawn(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = dieWithParent()
	if err := spawner()(cmd); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go p.reap()
	return p, nil
}

func (p *process) reap() {
	_ = p.cmd.Wait() // Wait returns an error for a killed child, which is expected
	close(p.done)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill kills the child, which may be frozen, and waits until it has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if the child has ended
	<-p.done
}

// spawner starts all children from one thread, which lives until the program ends. The
// kernel sends the parent-death signal when the thread that forked ends, and the Go
// runtime may end other threads at any time.
var spawner = sync.OnceValue(func() func(*exec.Cmd) error {
	type job struct {
		cmd *exec.Cmd
		err chan<- error
	}
	jobs := make(chan job)
	go spawnLoop(func() {
		for j := range jobs {
			j.err <- j.cmd.Start()
		}
	})
	return func(cmd *exec.Cmd) error {
		err := make(chan error)
		jobs <- job{cmd, err}
		return <-err
	}
})

// spawnLoop is a named function so that the leak check can ignore it.
func spawnLoop(run func()) {
	runtime.LockOSThread() // never unlocked
	run()
}
