# Loads the library in integration/hosts (the first argument), and has it try to make the namespace "made" and to delete the
# namespace "there".
import ctypes, sys

library = ctypes.CDLL(sys.argv[1])
for function, name in ("TryCreate", "made"), ("TryOthers", "there"):
    call = library[function]
    call.restype = ctypes.c_char_p
    print(function, call(name.encode()).decode())
