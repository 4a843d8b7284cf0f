#pragma once

namespace freshet::storage {

/// Lets the calling thread, and threads that it starts, yield to those of the server's own priority: they get much more of
/// the processor where both want it. `steps` is 1 to 19, above the nice value of the process's first thread. Best effort; it
/// cannot be undone.
void yield_to_others(int steps);

/// For the hot loops of threads that yield or take short turns, between pieces of work of far less than a millisecond: lets
/// whoever waits for the processor have it, now and then. Linux itself looks only once a tick of up to 10 ms who of those
/// that wait comes next. Of other threads it asks nothing; of these mostly a look at the clock.
void give_way();

/// Lets the calling thread, and threads that it starts, get the processor sooner when they wake, for shorter turns: for
/// threads that wait for a client and work a moment. Their share does not change, but for the turns that they give up in
/// give_way(). Best effort (Linux 6.12 on).
void take_short_turns();

}  // namespace freshet::storage
