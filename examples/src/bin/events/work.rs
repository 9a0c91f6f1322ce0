//! The loop, with events and without.

use crate::event::event;

/// What is worked on.
pub(crate) fn numbers() -> Vec<u64> {
    (0..4096_u64)
        .map(|x| x.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7)
        .collect()
}

/// A step of some nanoseconds.
#[inline(always)]
fn step(state: u64, number: u64) -> u64 {
    let mut state = state ^ number;
    for _ in 0..4 {
        state = state.wrapping_mul(0xBF58_476D_1CE4_E5B9).rotate_left(23);
    }
    state
}

/// The loop with an event in it.
#[inline(never)]
pub(crate) fn with_events(numbers: &[u64]) -> u64 {
    let mut state = 1;
    for number in numbers {
        event!("step", state = state, number = number);
        state = step(state, *number);
    }
    state
}

/// The same without.
#[inline(never)]
pub(crate) fn without_events(numbers: &[u64]) -> u64 {
    let mut state = 1;
    for number in numbers {
        state = step(state, *number);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_change_nothing_of_what_comes_out() {
        let numbers = numbers();
        let plain = without_events(&numbers);
        assert_eq!(with_events(&numbers), plain);
        let Ok(subscription) = crate::event::Subscription::new() else {
            return;
        };
        assert_eq!(with_events(&numbers), plain);
        assert!(crate::event::recorded() >= 4096);
        drop(subscription);
        assert_eq!(with_events(&numbers), plain);
    }
}
