# Loads a library (the first argument) that is Go inside, and has it make the network namespace made, and delete the one there.
import ctypes, sys

library = ctypes.CDLL(sys.argv[1])
for function, name in ("TryCreate", "made"), ("TryOthers", "there"):
    call = library[function]
    call.restype = ctypes.c_char_p
    print(function, call(name.encode()).decode())
