//! What calls do by themselves.

use super::{BURST, BURSTS, Block, GAPS, GRACE, GRACE_OF_LOOKS, RETRY, Taken, Way};

/// Goes through a window, call by call: calls recorded, and others.
fn through(opened: Block, mut taken: impl FnMut(i64) -> bool) -> (Block, i64, i64) {
    let (mut block, mut recorded, mut others) = (opened, 0, 0);
    let mut turn = 0;
    loop {
        if block.way == Way::Burst {
            recorded += 1;
        } else {
            others += 1;
        }
        let before = block.left;
        block.left -= 1;
        assert_eq!(block.since(opened, false), (recorded, others), "{block:?}");
        match Taken::of(before) {
            Taken::Within => {}
            Taken::Over => panic!("nobody has acted"),
            Taken::Last => {
                turn += 1;
                if taken(turn) {
                    block = block.retry();
                } else if let Some(next) = block.next() {
                    block = next;
                } else {
                    return (block, recorded, others);
                }
            }
        }
        assert!(turn < 10_000);
    }
}

#[test]
fn a_window_takes_its_bursts_and_no_more_gaps_than_it_was_given() {
    for seed in 1..2_000 {
        let opened = Block::window(BURSTS, GAPS, seed);
        let (block, recorded, gaps) = through(opened, |_| false);
        assert_eq!(recorded, i64::from(BURST) * i64::from(BURSTS));
        assert!(gaps <= GAPS.into(), "{gaps}");
        assert_eq!(block.since(opened, false), (recorded, gaps));
    }
}

#[test]
fn gaps_are_of_all_sizes() {
    let mut long = 0;
    let mut short = 0;
    for seed in 1..200 {
        let mut block = Block::window(BURSTS, GAPS, seed);
        while let Some(next) = block.next() {
            if next.way == Way::Gap {
                long += u32::from(next.left > 500);
                short += u32::from(next.left < 8);
            }
            block = next;
        }
    }
    assert!(long > 300 && short > 300, "{long} {short}");
}

#[test]
fn calls_are_counted_where_locks_were_taken_too() {
    for seed in 1..500 {
        let opened = Block::window(4, 300, seed);
        let (_, recorded, others) =
            through(opened, |turn| turn % 3 == i64::from(seed) % 3 && turn < 40);
        assert!(recorded <= 4 * i64::from(BURST));
        assert!(others >= i64::from(RETRY));
    }
}

#[test]
fn calls_beyond_the_count_are_counted_and_paid() {
    let opened = Block::window(1, 0, 1);
    let mut block = opened;
    block.left = -5;
    assert_eq!(block.since(opened, false), (i64::from(BURST) + 5, 0));
    let mut waits = block;
    waits.script.bursts = 0;
    (waits.way, waits.left) = (Way::Gap, GRACE_OF_LOOKS - 10);
    assert_eq!(waits.since(opened, true), (i64::from(BURST), 10));
    let long = Block::window(BURSTS, 300, 1);
    waits.left = GRACE - 10;
    let recorded = i64::from(BURSTS) * i64::from(BURST);
    assert_eq!(waits.since(long, true), (recorded, 300 + 10));
}

#[test]
fn one_call_acts_and_those_after_it_do_not() {
    assert_eq!(Taken::of(2), Taken::Within);
    assert_eq!(Taken::of(1), Taken::Last);
    assert_eq!(Taken::of(0), Taken::Over);
    assert_eq!(Taken::of(-7), Taken::Over);
}

#[test]
fn a_lease_that_could_not_be_renewed_is_plain_calls_and_then_asked_for_again() {
    let on = Block {
        left: 0,
        ..Block::simple(Way::On, 64)
    };
    let waits = on.retry();
    assert_eq!(
        (waits.way, waits.left, waits.script.extra),
        (Way::Gap, RETRY, 1)
    );
    assert_eq!(waits.next(), None);
}

/// The last call finds the lock taken, and so does the last of those that follow.
#[test]
fn a_window_without_gaps_that_nobody_closes_is_plain_calls_and_then_over() {
    let full = Block::simple(Way::Burst, 0);
    let waits = full.retry();
    assert_eq!((waits.way, waits.left), (Way::Gap, RETRY));
    assert_eq!(waits.next(), None);
    assert_eq!(waits.retry().next(), None);
}
