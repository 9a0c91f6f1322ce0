//! Where chains lie that have no place in a trampoline.
//!
//! First in the room of an object, where unwinders know their way: each object has one
//! that has a copy of this runtime. A plugin's goes when the plugin goes, so only the
//! plugin's own trampolines lead there. Where no room is left within reach, chains go to
//! memory that is mapped for them, near the object.
//!
//! A chain's place is never used again, for a thread may stand in it for any time; only
//! a bound object's is, when its user says that nobody is inside. So a program whose plans
//! never settle would fill memory: [`CEILING`] is where that ends. Sites go on with the
//! chains that there are, by which they are found again, and are plain otherwise.

use std::collections::HashMap;
use std::ops::Range;

use crate::arch::{self, REACH, TRAMPOLINE_BYTES};
use crate::os::{self, CodeMemory, PatchError};

/// Size of an arena that is mapped for chains, in bytes: a thousand chains of the usual size.
const ARENA_BYTES: usize = 64 * 1024;

/// All arenas of a process together, in bytes: a hundred thousand chains of the usual size,
/// in at most two hundred mappings.
pub(super) const CEILING: usize = 8 << 20;

/// Places for chains, and how long each is that has one.
#[derive(Default)]
pub(super) struct Arenas {
    /// What is left of each. Objects within reach of each other share those that are no
    /// plugin's, so that a plugin that is loaded elsewhere each time finds what it had.
    opened: Vec<Arena>,
    rooms: Vec<Room>,
    /// Where chains were that are gone for good, each of one line.
    free: Vec<usize>,
    /// The chains' bytes, by where they lie.
    lengths: HashMap<usize, usize>,
    /// All that was opened, in bytes.
    bytes: usize,
}

/// Executable memory with breakpoints in it.
struct Arena {
    left: Range<usize>,
    in_room: bool,
}

/// The room of one object.
struct Room {
    all: Range<usize>,
    /// Whether it is an arena, or was found full.
    opened: bool,
    /// Where the plugin lies that it belongs to, if it is a plugin's.
    plugin: Option<Range<usize>>,
}

impl Room {
    /// Whether code at `near` may lead there, and reaches all of it.
    fn serves(&self, near: usize) -> bool {
        let (start, end) = (near.min(self.all.start), near.max(self.all.end));
        let admits = |plugin: &Range<usize>| plugin.contains(&near);
        self.plugin.as_ref().is_none_or(admits) && end - start <= REACH
    }
}

impl Arenas {
    pub(super) fn add_room(&mut self, room: Range<usize>, plugin: Option<Range<usize>>) {
        self.rooms.push(Room {
            all: room,
            opened: false,
            plugin,
        });
    }

    /// Forgets all that lies in `plugin`.
    pub(super) fn forget(&mut self, plugin: &Range<usize>) {
        for room in &self.rooms {
            if room.opened && plugin.contains(&room.all.start) {
                self.bytes = self.bytes.saturating_sub(room.all.len());
            }
        }
        self.rooms.retain(|room| !plugin.contains(&room.all.start));
        self.opened
            .retain(|arena| !plugin.contains(&(arena.left.end - 1)));
        self.free.retain(|at| !plugin.contains(at));
        self.lengths.retain(|at, _| !plugin.contains(at));
    }

    /// Whether a chain at `at` stays for as long as the trampoline at `near` may lead
    /// there.
    pub(super) fn admits(&self, at: usize, near: usize) -> bool {
        let room = self.rooms.iter().find(|room| room.all.contains(&at));
        let plugin = room.and_then(|room| room.plugin.as_ref());
        plugin.is_none_or(|plugin| plugin.contains(&near))
    }

    /// How many arenas there are, and places of chains that are gone.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.opened.len(), self.free.len())
    }

    /// The bytes of all chains.
    pub(super) fn chain_bytes(&self) -> usize {
        self.lengths.values().sum()
    }

    /// Room for a chain within reach of the trampoline at `near`.
    pub(super) fn allocate(
        &mut self,
        memory: &mut dyn CodeMemory,
        near: usize,
        bytes: usize,
    ) -> Result<usize, PatchError> {
        let reaches = |at: &usize| at.abs_diff(near) <= REACH && self.admits(*at, near);
        if bytes <= arch::CHAIN_ALIGN
            && let Some(index) = self.free.iter().position(reaches)
        {
            return Ok(self.free.swap_remove(index));
        }
        let known = self.find(near, bytes, true);
        let in_room = known.or_else(|| self.open(memory, near, bytes));
        let known = in_room.or_else(|| self.find(near, bytes, false));
        let index = if let Some(index) = known {
            index
        } else {
            // Within reach of all trampolines of the object, unless it is too large for that.
            let object = os::objects::object_of(near).map(|object| object.range);
            let object = object.filter(|range| range.len() + ARENA_BYTES <= REACH);
            let object = object.unwrap_or(near..near + TRAMPOLINE_BYTES);
            if self.bytes + ARENA_BYTES > CEILING {
                return Err(full());
            }
            let left = memory.reserve_near(object, ARENA_BYTES)?;
            self.bytes += left.len();
            self.add(left, false)
        };
        let at = self.opened[index].left.start;
        self.opened[index].left.start += bytes;
        Ok(at)
    }

    fn add(&mut self, left: Range<usize>, in_room: bool) -> usize {
        self.opened.push(Arena { left, in_room });
        self.opened.len() - 1
    }

    /// An arena that has room for `bytes`, within reach of `near`.
    fn find(&self, near: usize, bytes: usize, in_room: bool) -> Option<usize> {
        // The newest first: the others are full, or of objects far away.
        self.opened.iter().rposition(|arena| {
            let at = arena.left.start;
            let (start, end) = (near.min(at), near.max(at) + bytes);
            arena.in_room == in_room
                && arena.left.len() >= bytes
                && end - start <= REACH
                && self.admits(at, near)
        })
    }

    /// Makes an arena of a room.
    fn open(&mut self, memory: &mut dyn CodeMemory, near: usize, bytes: usize) -> Option<usize> {
        for room in &mut self.rooms {
            if room.opened || !room.serves(near) || self.bytes + room.all.len() > CEILING {
                continue;
            }
            room.opened = true;
            self.bytes += room.all.len();
            // SAFETY: by the word of whoever called `Publisher::add_room`: nobody else has the
            // room, and its object stays until `forget`.
            unsafe { memory.keep_together(room.all.clone()) };
            let left = unused(&room.all);
            if left.len() >= bytes {
                return Some(self.add(left, true));
            }
        }
        None
    }

    /// How long the chain at `at` is, in bytes.
    pub(super) fn length(&self, at: usize) -> usize {
        self.lengths.get(&at).copied().unwrap_or(0)
    }

    /// Gives back what `allocate` handed out beyond the code's end.
    pub(super) fn shrink(&mut self, at: usize, allocated: usize, used: usize) {
        let length = used.next_multiple_of(arch::CHAIN_ALIGN);
        for arena in &mut self.opened {
            if arena.left.start == at + allocated {
                arena.left.start = at + length;
            }
        }
        self.lengths.insert(at, length);
    }

    /// Takes note that a chain was never written.
    pub(super) fn forget_chain(&mut self, at: usize) {
        self.lengths.remove(&at);
    }

    /// Takes back the place of a chain of one line.
    pub(super) fn release(&mut self, at: usize) {
        self.lengths.remove(&at);
        self.free.push(at);
    }
}

/// No more chains.
fn full() -> PatchError {
    let why = format!("chains take {CEILING} bytes, and no more of them are made");
    PatchError::left_alone("making room for a chain", why)
}

/// What of a room holds no code: from where there are breakpoints to its end. A plugin that
/// was let go and loaded again while somebody else kept its library has the chains of its
/// earlier life there, and a thread may stand in one. And whatever a plugin says is its room,
/// nothing else is overwritten.
fn unused(room: &Range<usize>) -> Range<usize> {
    // SAFETY: mapped memory of a loaded object, aligned, which nobody writes but us,
    // under the runtime's lock.
    let read = |at: usize| unsafe { std::ptr::read_volatile(at as *const u64) };
    let breakpoints = u64::from_ne_bytes(arch::BREAKPOINTS);
    let mut words = room.clone().step_by(size_of::<u64>()).rev();
    let last = words.find(|&at| read(at) != breakpoints);
    let start = last.map_or(room.start, |at| {
        (at + 1).next_multiple_of(arch::CHAIN_ALIGN)
    });
    start..room.end
}
