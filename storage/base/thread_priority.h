#pragma once

namespace freshet::storage {

/// Lets the calling thread, and threads that it starts, yield to everyone with a lower nice value: they get the processor
/// when they wake, not when the time slice of this thread is over (Linux 6.12 on; before, the kernel decides when), and much
/// more of it where both want to run. Best effort; `nice` is 1 to 19. It cannot be undone.
void yield_to_others(int nice);

}  // namespace freshet::storage
