//go:build !netns_inherit && !(mips || mipsle || mips64 || mips64le)

package signals

import (
	"debug/elf"
	"os"
)

// saved returns the signals that were ignored and blocked before Go's runtime started. Only with a linker flag can a program
// refer to the runtime's variables. Without the flag, saved finds them by the program's symbol table, which takes a
// millisecond. If the program is stripped, saved returns none.
func saved() (ignored, blocked set) {
	program, err := elf.Open("/proc/self/exe")
	if err != nil || program.Type != elf.ET_EXEC { // a relocated program has them at other addresses
		return 0, 0
	}
	defer program.Close()
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return 0, 0
	}
	defer memory.Close()
	actions, mask := make([]byte, (lastSignal+1)*wordSize), make([]byte, lastSignal/8)
	into := map[string][]byte{"runtime.fwdSig": actions, "runtime.initSigmask": mask}
	symbols, _ := program.Symbols()
	for _, s := range symbols {
		if data := into[s.Name]; uint64(len(data)) == s.Size {
			_, _ = memory.ReadAt(data, int64(s.Value))
		}
	}
	return newSets(actions, mask)
}
