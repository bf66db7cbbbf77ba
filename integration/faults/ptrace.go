//go:build amd64

package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kinds of a stop at a system call, see ptrace(2).
const (
	opEntry = 1
	opExit  = 2
)

// A callInfo is the kernel's struct ptrace_syscall_info. The number is the call's at its entry, and the result at its
// exit.
type callInfo struct {
	op     uint8
	_      [3]byte
	arch   uint32
	ip, sp uint64
	number uint64
	args   [6]uint64
	_      [2]uint64
}

func syscallInfo(tid int) (*callInfo, error) {
	var info callInfo
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return &info, nil
}

// restarts reports whether the kernel will make an ended call again after a signal. It does so after results that only a tracer sees.
func restarts(info *callInfo) bool {
	const first, last = 512, 514 // ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND
	result := -int64(info.number)
	return result >= first && result <= last
}

// ptraceMessage returns the message of a PTRACE_EVENT stop: the new thread's number.
func ptraceMessage(tid int) (int, error) {
	message, err := syscall.PtraceGetEventMsg(tid)
	return int(message), err
}

// skipCall keeps a thread at the entry of a call from making it: no call has the number -1.
func skipCall(tid int) {
	var regs syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &regs) == nil {
		regs.Orig_rax = ^uint64(0)
		_ = syscall.PtraceSetRegs(tid, &regs)
	}
}

// setResult gives a returning call an error.
func setResult(tid int, errno syscall.Errno) {
	var regs syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &regs) == nil {
		regs.Rax = uint64(-int64(errno))
		_ = syscall.PtraceSetRegs(tid, &regs)
	}
}

// readString reads a string that ends with a zero byte from a stopped process.
func readString(pid int, address uint64) string {
	const page = 4096
	var text []byte
	for len(text) < page {
		buf := make([]byte, page-address%page)
		n, err := unix.ProcessVMReadv(pid,
			[]unix.Iovec{{Base: &buf[0], Len: uint64(len(buf))}},
			[]unix.RemoteIovec{{Base: uintptr(address), Len: len(buf)}}, 0)
		if err != nil || n == 0 {
			break
		}
		for i, b := range buf[:n] {
			if b == 0 {
				return string(append(text, buf[:i]...))
			}
		}
		text = append(text, buf[:n]...)
		address += uint64(n)
	}
	return string(text)
}
