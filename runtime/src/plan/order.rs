//! Whether types come by in an order that can be foreseen.
//!
//! A plain call costs little where the processor's indirect branch predictor knows
//! what comes next, however mixed the types are: it looks up what came next the last
//! time that the same branches went before. So does [`foreseen`], over the calls that
//! a window has recorded, in the manner of Seznec's ITTAGE: of several lengths of
//! history, the longest that was met before says what is expected now.
//!
//! Measured on a Sapphire Rapids with four types, in an order drawn once and repeated:
//! plain calls were as good as all predicted up to a period of 128 calls, three in
//! four of them at 512, one in four at 1,024, and none at 4,096. A window of 1,024
//! calls shows periods up to 512 twice, so it takes an order for foreseeable about
//! where that predictor does.

/// Fewer calls say nothing about their order.
const FEWEST: usize = 256;
/// More are not looked at.
const MOST: usize = 1024;
/// Lengths of history, the longest first. In an order drawn from two types, 80 to 20,
/// and repeated after 512 calls, only the longest tells one place from another.
const HISTORIES: [usize; 4] = [32, 12, 4, 1];
/// Places in the memory of one length.
const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 11;
/// Nothing was remembered there. Before the first call there is no history.
const NOTHING: u16 = 0;

/// Which share of the calls can be foreseen from the calls before them, 0 to 1, beyond
/// what is guessed right by chance. `order` holds the calls one after the other, each
/// as a number that stands for its type. [`None`] if there are too few.
///
/// A pure function of some ten microseconds.
pub(super) fn foreseen(order: &[u8]) -> Option<f32> {
    if order.len() < FEWEST {
        return None;
    }
    let order = &order[..order.len().min(MOST)];
    let mut memory = Memory::new();
    let (learned, judged) = order.split_at(order.len() / 2);
    for (now, kind) in learned.iter().enumerate() {
        memory.foresee(order, now, *kind);
    }
    let mut right = 0_u32;
    let mut counts = [0_u32; 256];
    for (after, kind) in judged.iter().enumerate() {
        counts[usize::from(*kind)] += 1;
        right += u32::from(memory.foresee(order, learned.len() + after, *kind));
    }
    let share = |count: u32| super::price::share_of(count, counts.iter().sum());
    // In an order drawn at random, what followed some other time is right so often.
    let chance: f32 = counts.iter().map(|count| share(*count).powi(2)).sum();
    if chance >= 1.0 {
        return Some(1.0);
    }
    Some(((share(right) - chance) / (1.0 - chance)).clamp(0.0, 1.0))
}

/// What came next, by what went before.
struct Memory {
    /// For each length of history and each hash of one: the last call that had it.
    last: [[u16; SLOTS]; HISTORIES.len()],
    /// Hashes of the histories before the present call.
    hashes: [u64; HISTORIES.len()],
}

impl Memory {
    /// An odd number, so that no type's part is lost.
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

    fn new() -> Self {
        Memory {
            last: [[NOTHING; SLOTS]; HISTORIES.len()],
            hashes: [0; HISTORIES.len()],
        }
    }

    /// Whether the call at `now` would have been foreseen to be of its `kind`; and
    /// remembers that it is.
    fn foresee(&mut self, order: &[u8], now: usize, kind: u8) -> bool {
        let mut expected = None;
        for (level, length) in HISTORIES.into_iter().enumerate() {
            let hash = &mut self.hashes[level];
            if let Some(start) = now.checked_sub(length) {
                let slot = &mut self.last[level][(*hash >> (u64::BITS - SLOT_BITS)) as usize];
                let before = usize::from(*slot);
                // The same hash may be another history's.
                if expected.is_none()
                    && *slot != NOTHING
                    && order[before - length..before] == order[start..now]
                {
                    expected = Some(order[before]);
                }
                #[allow(clippy::cast_possible_truncation, reason = "below `MOST`")]
                {
                    *slot = now as u16;
                }
                // The oldest call of the history goes.
                let oldest = u64::from(order[start]) + 1;
                *hash = hash.wrapping_sub(oldest.wrapping_mul(AFTER[level]));
            }
            *hash = (hash.wrapping_add(u64::from(kind) + 1)).wrapping_mul(Memory::FACTOR);
        }
        expected == Some(kind)
    }
}

/// What a call's part in the hash of each length has been multiplied by when it is the
/// oldest.
const AFTER: [u64; HISTORIES.len()] = {
    let mut after = [1_u64; HISTORIES.len()];
    let mut level = 0;
    while level < HISTORIES.len() {
        let mut calls = 0;
        while calls < HISTORIES[level] {
            after[level] = after[level].wrapping_mul(Memory::FACTOR);
            calls += 1;
        }
        level += 1;
    }
    after
};

#[cfg(test)]
mod tests;
