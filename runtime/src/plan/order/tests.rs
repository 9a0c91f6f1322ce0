//! What can be foreseen, and what cannot.

use super::*;

/// Random numbers (Marsaglia's xorshift).
fn random(seed: u64) -> impl FnMut() -> usize {
    let mut state = 0x9E37_79B9_7F4A_7C15 ^ seed;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 40).unwrap()
    }
}

/// Four in five of the first of so many types.
fn skewed(of: usize) -> impl Fn(usize) -> usize {
    move |pick| {
        if pick % 5 == 0 {
            1 + pick / 5 % (of - 1)
        } else {
            0
        }
    }
}

fn even(of: usize) -> impl Fn(usize) -> usize {
    move |pick| pick % of
}

/// A window of calls drawn at random, and repeated after `period`.
fn drawn(kind: &dyn Fn(usize) -> usize, period: usize, seed: u64) -> Vec<u8> {
    let mut random = random(seed);
    let drawn: Vec<_> = (0..period)
        .map(|_| u8::try_from(kind(random())).unwrap())
        .collect();
    drawn.into_iter().cycle().take(MOST).collect()
}

fn share(order: &[u8]) -> f32 {
    foreseen(order).expect("there are enough calls")
}

#[test]
fn a_cycle_is_foreseen() {
    for of in 2..=17 {
        let order: Vec<u8> = (0..of).cycle().take(MOST).collect();
        assert!(share(&order) > 0.99, "{of}: {}", share(&order));
    }
}

#[test]
fn one_type_is_foreseen() {
    assert_eq!(foreseen(&[3; MOST]), Some(1.0));
}

#[test]
fn an_order_that_is_drawn_at_random_is_not_foreseen_however_skewed() {
    for seed in 0..20 {
        for (what, kind) in [
            ("2", &even(2) as &dyn Fn(usize) -> usize),
            ("4", &even(4)),
            ("8", &even(8)),
            ("80/20 of 2", &skewed(2)),
            ("80/20 of 8", &skewed(8)),
        ] {
            let share = share(&drawn(kind, MOST, seed));
            assert!(share < 0.2, "{what}: {share}");
        }
    }
}

#[test]
fn a_random_order_that_is_repeated_within_half_the_window_is_foreseen() {
    for seed in 0..5 {
        for (what, kind) in [
            ("2", &even(2) as &dyn Fn(usize) -> usize),
            ("4", &even(4)),
            ("8", &even(8)),
            ("80/20 of 2", &skewed(2)),
            ("80/20 of 8", &skewed(8)),
        ] {
            for period in [7, 64, 200] {
                let share = share(&drawn(kind, period, seed));
                assert!(share > 0.85, "{what} repeated after {period}: {share}");
            }
        }
    }
}

#[test]
fn long_runs_are_foreseen_but_for_their_ends() {
    let mut random = random(5);
    let runs = (0..MOST / 64).map(|_| u8::try_from(random() % 8).unwrap());
    let order: Vec<u8> = runs.flat_map(|kind| [kind; 64]).collect();
    assert!(share(&order) > 0.8, "{}", share(&order));
}

#[test]
fn what_is_foreseen_is_a_share_of_the_calls() {
    // A fixed cycle in which every second call is anybody's.
    let mut random = random(3);
    let order: Vec<u8> = (0..MOST)
        .map(|call| {
            let kind = if call % 2 == 0 {
                call / 2 % 4
            } else {
                random() % 4
            };
            u8::try_from(kind).unwrap()
        })
        .collect();
    let share = share(&order);
    assert!((0.1..0.6).contains(&share), "{share}");
}

#[test]
fn a_change_of_the_mix_is_not_foreseen() {
    // Four in five of one type, and from the middle on of another.
    let mut order = drawn(&skewed(4), MOST, 1);
    for kind in &mut order[MOST / 2..] {
        *kind = (*kind + 1) % 4;
    }
    assert!(share(&order) < 0.25, "{}", share(&order));
}

#[test]
fn too_few_calls_say_nothing() {
    assert_eq!(foreseen(&[]), None);
    assert_eq!(foreseen(&[1; FEWEST - 1]), None);
    assert_eq!(foreseen(&[1; FEWEST]), Some(1.0));
    // And more than are looked at change nothing.
    let order = drawn(&even(4), 64, 1);
    let longer = [&order[..], &[1; 5000]].concat();
    assert_eq!(foreseen(&longer), foreseen(&order));
}
