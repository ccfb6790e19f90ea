package integration

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/desir-go/desir/internal/redistest"
)

// ownerLabel says which process started a container, as "host/pid".
const ownerLabel = "desir.integration.owner"

var swept sync.Once

// sweepOnce removes the containers of processes of this host that are gone: a
// killed one could not do it. It does what it can; the next run tries again.
func sweepOnce(docker *testcontainers.DockerClient) {
	swept.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		list, err := docker.ContainerList(ctx, client.ContainerListOptions{
			All:     true,
			Filters: client.Filters{}.Add("label", ownerLabel),
		})
		if err != nil {
			return
		}
		for _, c := range list.Items {
			if abandoned(c.Labels[ownerLabel]) {
				_, _ = docker.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			}
		}
	})
}

// abandoned reports whether the owner was a process of this host and is gone.
func abandoned(owner string) bool {
	host, pid, ok := strings.Cut(owner, "/")
	here, err := os.Hostname()
	n, bad := strconv.Atoi(pid)
	if !ok || err != nil || bad != nil || host != here {
		return false
	}
	return redistest.Gone(n)
}
