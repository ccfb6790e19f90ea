package redistest

import (
	"os/exec"
	"runtime"
	"sync"
)

// process is a child that ends with this program, whatever ends this program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the child has ended and was waited for
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
	_ = p.cmd.Wait() // a killed child is an error of Wait, and what we want
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

// kill ends the child, also a frozen one, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.done
}

// spawner starts children from one thread that lives as long as this program.
// The kernel sends the parent-death signal when the thread that forked ends,
// and Go ends threads as it likes.
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

// spawnLoop has a name so that the leak check knows it.
func spawnLoop(run func()) {
	runtime.LockOSThread() // never unlocked
	run()
}
