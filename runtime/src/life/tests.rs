//! The bound, on every order.

use super::simulator::{Machine, World, all, random};
use super::{MS, Rules, SEC, US};

/// The most that any order may take above 1.02 of plain.
const CONSTANT: i64 = 0;

#[test]
fn no_order_takes_more_than_1_02_of_plain() {
    for row in all() {
        let name = row.name.clone();
        let row = super::simulator::Row {
            time: row.time.min(SEC / 2),
            ..row
        };
        let out = World::new(row, Rules::STANDARD, Machine::STANDARD).run();
        assert!(
            out.constant <= CONSTANT,
            "{name}: {} us over",
            out.constant as f64 / US as f64
        );
    }
}

#[test]
fn neither_do_thousands_of_orders_at_random() {
    for number in 0..2_000 {
        let out = World::new(random(number, 60 * MS), Rules::STANDARD, Machine::STANDARD).run();
        assert!(
            out.constant <= CONSTANT,
            "{number}: {} us over",
            out.constant as f64 / US as f64
        );
    }
}
