//! What rules that count remember of each sender.

/// A table of a fixed size: of two senders in one place, the later replaces the earlier.
#[derive(Clone, Debug)]
pub struct Senders<T> {
    places: Vec<(u128, T)>,
}

impl<T: Copy + Default> Senders<T> {
    const PLACES: usize = 1 << 12;

    /// A table in which nobody is known.
    #[must_use]
    pub fn new() -> Self {
        Self {
            places: vec![(0, T::default()); Self::PLACES],
        }
    }

    /// What is known of the sender.
    #[inline]
    pub fn of(&mut self, sender: u128) -> &mut T {
        #[expect(clippy::cast_possible_truncation, reason = "that is what a hash does")]
        let mixed = ((sender >> 64) as u64 ^ sender as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let place = &mut self.places[(mixed >> 52) as usize % Self::PLACES];
        if place.0 != sender {
            *place = (sender, T::default());
        }
        &mut place.1
    }
}

impl<T: Copy + Default> Default for Senders<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Senders;

    #[test]
    fn senders_are_told_apart_and_the_replaced_ones_start_anew() {
        let mut senders = Senders::<u32>::new();
        for sender in 1..100_000 {
            assert_eq!(*senders.of(sender), 0);
            *senders.of(sender) += 1;
            assert_eq!(*senders.of(sender), 1);
        }
    }
}
