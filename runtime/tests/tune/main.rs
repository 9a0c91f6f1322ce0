//! Tuning a program that is there.

use std::hint::black_box;
use std::time::Duration;

use static_call::runtime::{self, Clock, State, Tune, Verdict};
use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Rule {
    #[static_dispatch(targets = 2)]
    fn matches(&self, port: u64) -> bool;
}

struct Ports(u64, u64);
struct Odd;

impl Rule for Ports {
    fn matches(&self, port: u64) -> bool {
        self.0 <= port && port <= self.1
    }
}

impl Rule for Odd {
    fn matches(&self, port: u64) -> bool {
        port == 70_000
    }
}

fn first(rules: &[Box<dyn Rule>], port: u64) -> Option<usize> {
    let mut rules = rules.iter();
    rules.position(|rule| static_call!(rule.matches(port), inline = [Ports, Odd]))
}

#[test]
fn a_site_of_short_bodies_is_tried_and_its_plan_is_on_afterwards() {
    let rules: Vec<Box<dyn Rule>> = (0..100)
        .map(|at| Box::new(Ports(at * 100, at * 100 + 50)) as _)
        .collect();
    let work = || {
        for port in 0..50 {
            black_box(first(black_box(&rules), port * 131 + 60));
        }
    };
    let tuned = Tune::default()
        .budget(Duration::from_secs(2))
        .clock(Clock::Processor)
        .work(work)
        .expect("code can be patched, and there is time");
    println!("{tuned}\n{}", runtime::report());
}
