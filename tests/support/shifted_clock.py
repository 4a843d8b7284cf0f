"""A time of day that jumps, for one process that is started with its environment."""
import mmap
import pathlib
import struct
import subprocess

SOURCE = pathlib.Path(__file__).with_name("shifted_clock.c")


class ShiftedClock:
    """`environment` makes a process that is started with it see the time of day of this clock; threads that wait for a time of
    day wait for that. What is counted from the start of the machine stays as it is."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        library, shift = folder / "shifted_clock.so", folder / "clock_shift"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        shift.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "SHIFTED_CLOCK": str(shift)}
        with open(shift, "r+b") as file:
            self._shift = mmap.mmap(file.fileno(), 8)

    def shift(self, seconds):
        """By so many seconds the clock goes before that of the machine, from now on."""
        self._shift[:] = struct.pack("<q", seconds)
