//go:build linux && (amd64 || arm64)

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// user returns a function that makes this thread an ordinary user with these ambient capabilities, which survive execve.
func user(id uintptr, capabilities ...uintptr) func() error {
	return func() error {
		if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
			return os.NewSyscallError("prctl", err)
		}
		// Not unix.Setresuid and its like, which change all threads.
		for _, call := range [][4]uintptr{
			{unix.SYS_SETGROUPS},
			{unix.SYS_SETRESGID, id, id, id},
			{unix.SYS_SETRESUID, id, id, id},
		} {
			if _, _, errno := unix.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
				return fmt.Errorf("become user %d: %w", id, errno)
			}
		}
		var set uint64
		for _, c := range capabilities {
			set |= 1 << c
		}
		low, high := uint32(set), uint32(set>>32)
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		data := [2]unix.CapUserData{{Effective: low, Permitted: low, Inheritable: low}, {Effective: high, Permitted: high, Inheritable: high}}
		if err := unix.Capset(&header, &data[0]); err != nil {
			return os.NewSyscallError("capset", err)
		}
		for _, c := range capabilities {
			if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, c, 0, 0); err != nil {
				return os.NewSyscallError("prctl", err)
			}
		}
		return nil
	}
}

// without returns a function that takes capabilities from the programs that this thread becomes.
func without(capabilities ...uintptr) func() error {
	return func() error {
		for _, c := range capabilities {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
				return os.NewSyscallError("prctl", err)
			}
		}
		return nil
	}
}

// files returns a function that limits the number of open files.
func files(limit uint64) func() error {
	return func() error {
		return os.NewSyscallError("setrlimit", unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: limit}, nil))
	}
}

// filter returns a function that makes system calls fail for this thread and for the programs that it becomes.
func filter(refusals ...refusal) func() error {
	return func() error {
		arch := uint32(unix.AUDIT_ARCH_X86_64)
		if runtime.GOARCH == "arm64" {
			arch = unix.AUDIT_ARCH_AARCH64
		}
		const number, architecture, argument = 0, 4, 16 // in struct seccomp_data; the first argument's lower half
		load := func(at uint32) unix.SockFilter {
			return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
		}
		jump := func(how uint16, k uint32, yes, no uint8) unix.SockFilter {
			return unix.SockFilter{Code: unix.BPF_JMP | how | unix.BPF_K, Jt: yes, Jf: no, K: k}
		}
		answer := func(with uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: with} }
		program := []unix.SockFilter{
			load(architecture), jump(unix.BPF_JEQ, arch, 1, 0), answer(unix.SECCOMP_RET_ALLOW),
		}
		for _, r := range refusals {
			fail := answer(unix.SECCOMP_RET_ERRNO | uint32(r.errno))
			for _, call := range r.calls {
				program = append(program, load(number))
				if r.flags == 0 {
					program = append(program, jump(unix.BPF_JEQ, call, 0, 1), fail)
					continue
				}
				program = append(program, jump(unix.BPF_JEQ, call, 0, 3), load(argument), jump(unix.BPF_JSET, r.flags, 0, 1), fail)
			}
		}
		program = append(program, answer(unix.SECCOMP_RET_ALLOW))
		prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
		err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0)
		return os.NewSyscallError("prctl", err)
	}
}

// A refusal makes system calls fail with errno. With flags, it refuses only calls whose first argument has one of them.
type refusal struct {
	errno unix.Errno
	flags uint32
	calls []uint32
}

// letWrite gives another user an entry in a directory's access control list, as setfacl -m u:1000:rwx does.
func letWrite(path string, uid uint32) error {
	const noID = ^uint32(0)
	list := binary.LittleEndian.AppendUint32(nil, 2) // the version of the format
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{
		{0x01, 7, noID}, {0x02, 7, uid}, {0x04, 5, noID}, {0x10, 7, noID}, {0x20, 5, noID}, // owner, user, group, mask, others
	} {
		list = binary.LittleEndian.AppendUint16(list, e.tag)
		list = binary.LittleEndian.AppendUint16(list, e.perm)
		list = binary.LittleEndian.AppendUint32(list, e.id)
	}
	return os.NewSyscallError("setxattr", unix.Setxattr(path, "system.posix_acl_access", list, 0))
}
