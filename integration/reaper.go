package integration

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/desir-go/desir/internal/redistest"
)

// ownerLabel is the label of containers and networks. Its value names the process that
// created them, as "host/pid".
const ownerLabel = "desir.integration.owner"

var reaped sync.Once

// reapOnce removes containers and networks of killed processes of this host. It ignores
// errors, since the next run tries again.
func reapOnce(docker *testcontainers.DockerClient) {
	reaped.Do(func() { reap(docker, ownerEnded) })
}

// reap removes the containers and then the networks of the owners that match accepts.
func reap(docker *testcontainers.DockerClient, match func(owner string) bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ours := client.Filters{}.Add("label", ownerLabel)
	containers, err := docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return
	}
	for _, b := range containers.Items {
		if match(b.Labels[ownerLabel]) {
			_, _ = docker.ContainerRemove(ctx, b.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		}
	}
	nets, err := docker.NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil {
		return
	}
	for _, n := range nets.Items {
		if match(n.Labels[ownerLabel]) {
			_, _ = docker.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		}
	}
}

func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return host + "/" + strconv.Itoa(os.Getpid())
}

// ownerEnded reports whether the owner was a process of this host that has ended.
func ownerEnded(owner string) bool {
	host, pid, ok := strings.Cut(owner, "/")
	here, err := os.Hostname()
	n, bad := strconv.Atoi(pid)
	if !ok || err != nil || bad != nil || host != here {
		return false
	}
	return redistest.ProcessGone(n)
}

// panicking reports whether this goroutine is panicking. The cleanups of a test that has
// panicked run in such a goroutine.
func panicking() bool {
	var pcs [100]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for {
		f, more := frames.Next()
		if f.Function == "runtime.gopanic" {
			return true
		}
		if !more {
			return false
		}
	}
}
