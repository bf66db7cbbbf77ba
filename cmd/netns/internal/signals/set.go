package signals

import (
	"encoding/binary"
	"strconv"
)

// A set is a set of signals in the kernel's form: bit 0 is signal 1.
type set uint64

func (s set) has(sig int) bool { return s&(1<<(sig-1)) != 0 }

const (
	lastSignal = 64 // _NSIG of asm-generic/signal.h
	sigIgn     = 1  // SIG_IGN of asm-generic/signal-defs.h
)

// wordSize is the size of a uintptr, in bytes.
const wordSize = strconv.IntSize / 8

// newSets makes the sets of the runtime's variables in memory: of the actions, one uintptr a signal from 0 on, and of the mask.
func newSets(actions, mask []byte) (ignored, blocked set) {
	for sig := 1; sig <= lastSignal; sig++ {
		action := actions[sig*wordSize:][:wordSize]
		if wordSize == 4 {
			action = binary.NativeEndian.AppendUint64(nil, uint64(binary.NativeEndian.Uint32(action)))
		}
		if binary.NativeEndian.Uint64(action) == sigIgn {
			ignored |= 1 << (sig - 1)
		}
	}
	return ignored, set(binary.NativeEndian.Uint64(mask))
}
