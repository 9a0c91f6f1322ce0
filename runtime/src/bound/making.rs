//! Who makes what is made on first use.
//!
//! A `OnceLock` would do, but for a block that uses the binding that it makes: it waits for
//! itself, and nobody says so. So there is one list of what is being made, by which thread,
//! and one of who waits for what, and whoever is about to wait for himself finds out.
//!
//! One for the process: the host's, since a plugin's threads wait for its bindings.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;

/// What a thread that needs a binding's first object is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Make it, unless it was made meanwhile, and then [`end`].
    Make,
    /// Look again: whoever was making it is done, or has panicked.
    Look,
    /// It waits for itself.
    Circle,
}

/// Who has the list.
pub(crate) struct Makers {
    /// A turn to make what the binding of this cell begins with; then `end`.
    pub(crate) begin: fn(usize) -> Turn,
    pub(crate) end: fn(usize),
}

/// This loaded object has one of its own, and in a plugin its host's.
pub(crate) static OWN: Makers = Makers { begin, end };
static HOSTS: OnceLock<&'static Makers> = OnceLock::new();

/// From here on the host's list is asked.
#[cfg(plugins)]
pub(crate) fn leave_to(hosts: &'static Makers) {
    let _ = HOSTS.set(hosts);
}

pub(super) fn in_charge() -> &'static Makers {
    HOSTS.get().copied().unwrap_or(&OWN)
}

struct List {
    /// Bindings, by address, and who makes them.
    made: Vec<(usize, ThreadId)>,
    /// Who waits for which binding.
    waiting: Vec<(ThreadId, usize)>,
}

static LIST: Mutex<List> = Mutex::new(List {
    made: Vec::new(),
    waiting: Vec::new(),
});
static ENDED: Condvar = Condvar::new();

fn list() -> MutexGuard<'static, List> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

impl List {
    fn maker(&self, binding: usize) -> Option<ThreadId> {
        let mut made = self.made.iter();
        made.find_map(|(one, by)| (*one == binding).then_some(*by))
    }

    /// Whether `thread` would wait for itself if it waited for `binding`.
    fn is_circle(&self, thread: ThreadId, binding: usize) -> bool {
        let mut next = Some(binding);
        // Nobody waits in a circle yet, so this ends.
        while let Some(maker) = next.and_then(|binding| self.maker(binding)) {
            if maker == thread {
                return true;
            }
            let mut waiting = self.waiting.iter();
            next = waiting.find_map(|(who, what)| (*who == maker).then_some(*what));
        }
        false
    }
}

/// Asks for a turn to make what `binding` begins with. Waits while another thread does.
fn begin(binding: usize) -> Turn {
    let me = std::thread::current().id();
    let mut list = list();
    if list.is_circle(me, binding) {
        return Turn::Circle;
    }
    if list.maker(binding).is_none() {
        list.made.push((binding, me));
        return Turn::Make;
    }
    list.waiting.push((me, binding));
    let is_made = |list: &mut List| list.maker(binding).is_some();
    let mut list = ENDED
        .wait_while(list, is_made)
        .unwrap_or_else(PoisonError::into_inner);
    list.waiting.retain(|(who, _)| *who != me);
    Turn::Look
}

/// Ends a turn, whatever became of it.
fn end(binding: usize) {
    list().made.retain(|(one, _)| *one != binding);
    ENDED.notify_all();
}
