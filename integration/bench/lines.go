package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/netns-go/netns"
)

// few is the number of existing namespaces for lines in which it should not matter.
const few = 10

// lines returns the claims. In their order, the existing namespaces are made once and deleted once.
func (b *bench) lines() []*line {
	bulk, many, most := b.size(1000, 20), b.size(5000, 50), b.size(10000, 100)
	starts, bulks := b.size(100, 3), b.size(10, 2)
	job := []string{"ip netns add X", "ip -n X link set lo up"}
	// With the start of a process, the growth would not show.
	growth := &line{
		ours: "`Factory`, one more", peer: "the floor", there: few, rounds: starts, sides: [3]side{b.factory(1, 1), b.floored(1)},
	}
	return []*line{
		{
			ours: "`netns create X`, verified", peer: "`ip netns add`, `ip link set lo up`, `ip netns exec X ping`",
			there: few, rounds: starts, must: 0.80, stretch: 0.65,
			sides: [3]side{b.command("netns create X"), b.command(append(job, "ip netns exec X ping -c 1 127.0.0.1")...), b.floored(1)},
		},
		{
			ours: "`netns create X`, verified", peer: "`ip netns add`, `ip link set lo up`: nothing verified",
			there: few, rounds: starts, must: 1.40, stretch: 1.00,
			sides: [3]side{b.command("netns create X"), b.command(job...), b.floored(1)},
		},
		{
			ours: "a program that makes one with the library's `Create`", peer: "an empty Go program that starts itself once with os/exec",
			there: few, rounds: starts, must: 1.35, stretch: 1.15,
			sides: [3]side{b.command(b.program("one") + " X"), b.command(b.program("twice")), b.floored(1)},
		},
		{
			ours: "`Create` alone, from a running process", peer: "starting an empty Go program with os/exec",
			there: few, rounds: starts,
			sides: [3]side{b.library(1), b.startEmpty, b.floored(1)},
		},
		{
			ours: fmt.Sprintf("`netns create` of %d names, verified, each", bulk), peer: "the floor, one thread",
			there: few, rounds: bulks, per: bulk, must: 1.10, stretch: 0.80,
			sides: [3]side{b.bulk(bulk), b.floored(bulk)},
		},
		b.factoryLine(1, 1.30, 1.15),
		b.factoryLine(2, 0.90, 0.75),
		b.execLine("`netns exec X true`", "netns exec", few, 1.60, 1.30),
		b.execLine("`netns exec --net-only X true`", "netns exec --net-only", few, 1.50, 1.25),
		{
			ours: fmt.Sprintf("`netns delete` of %d names, each", bulk), peer: "`ip -b`, which checks nothing",
			there: few, rounds: bulks, per: bulk, must: 3.00, stretch: 1.50,
			sides: [3]side{b.deletion(bulk, "netns delete"), b.deletion(bulk, "ip -b")},
		},
		{
			ours: fmt.Sprintf("peak memory (PSS) of `netns create` of %d names", many), peer: "60 MiB", must: 1, stretch: 0.5,
			there: few, measure: func() (*result, error) { return b.memory(many) },
		},
		{
			ours: "the command's size, stripped", peer: "6 MiB", must: 1, stretch: 5.0 / 6, there: few,
			measure: func() (*result, error) {
				info, err := os.Stat(b.netns)
				if err != nil {
					return nil, err
				}
				return amount(float64(info.Size()), 6*mebi), nil
			},
		},
		growth,
		b.execLine("`netns exec X true`", "netns exec", many, 1.10, 1.00),
		b.execLine("`netns exec --net-only X true`", "netns exec --net-only", many, 0.55, 0.40),
		b.listLine("`netns list -o name`", "netns list -o name", many, 0.15, 0.10),
		b.listLine("`netns list -o wide`", "netns list -o wide", many, 1.00, 0.60),
		{
			ours: fmt.Sprintf("`Factory`, one more, in relation to that at %d", few), peer: "the floor's growth",
			there: most, rounds: starts, must: 1.10, stretch: 1.03, grownFrom: growth, sides: growth.sides,
		},
	}
}

func (b *bench) execLine(what, command string, there int, must, stretch float64) *line {
	name := base(0)
	return &line{
		ours: what, peer: "`ip netns exec X true`", there: there, rounds: b.size(100, 3), must: must, stretch: stretch,
		sides: [3]side{b.command(command + " " + name + " true"), b.command("ip netns exec " + name + " true")},
	}
}

func (b *bench) listLine(what, command string, there int, must, stretch float64) *line {
	return &line{
		ours: what, peer: "`ip netns list`", there: there, rounds: b.size(20, 2), must: must, stretch: stretch,
		sides: [3]side{b.command(command), b.command("ip netns list")},
	}
}

// library makes n namespaces from this process.
func (b *bench) library(n int) side {
	return func() (func() error, error) {
		names := b.names(n)
		return func() error { return netns.Create(context.Background(), names, netns.Options{}) }, nil
	}
}

func (b *bench) startEmpty() (func() error, error) {
	return func() error { return exec.Command(b.program("empty")).Run() }, nil
}

// bulk makes n namespaces with one command.
func (b *bench) bulk(n int) side {
	return func() (func() error, error) {
		return b.commands(append([]string{"netns", "create"}, b.names(n)...))
	}
}

// deletion makes n namespaces, then deletes them with one command.
func (b *bench) deletion(n int, command string) side {
	return func() (func() error, error) {
		if err := settle(); err != nil {
			return nil, err
		}
		names := b.names(n)
		if err := netns.Create(context.Background(), names, netns.Options{}); err != nil {
			return nil, err
		}
		words := strings.Fields(command)
		if words[0] == "netns" {
			return b.commands(append(words, names...))
		}
		var batch strings.Builder
		for _, name := range names {
			batch.WriteString("netns del " + name + "\n")
		}
		const file = "/run/batch"
		if err := os.WriteFile(file, []byte(batch.String()), 0o600); err != nil {
			return nil, err
		}
		return b.commands(append(words, file))
	}
}
