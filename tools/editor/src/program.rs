//! The program that is edited. A comment `^ word` under a line marks the place above the
//! caret, and names it.

pub(crate) const SOURCE: &str = r#"use static_call::{specialize, static_call, static_dispatch};

#[static_dispatch(object = FastRule)]
pub trait Rule {
    #[static_dispatch(targets = 2)]
    fn holds(&self, limit: u64) -> bool;
//     ^ declaration
    fn name(&self) -> String;
}

pub struct Below(u64);
//         ^ type

impl Rule for Below {
    fn holds(&self, limit: u64) -> bool {
        limit < self.0
    }
    fn name(&self) -> String {
        "below".into()
    }
}

pub fn plain(rule: &dyn Rule, limit: u64) -> bool {
    rule.holds(limit)
//       ^ plain_method
}

pub fn dispatched(rule: &dyn Rule, limit: u64) -> bool {
//                ^ receiver_declared
//                                 ^ argument_declared
    static_call!(rule.holds(limit))
//               ^ receiver
//                    ^ method
//                          ^ argument
}

pub fn listed(rule: &(dyn Rule + Send), limit: u64) -> bool {
    static_call!(rule.holds(limit), inline = [Below])
//                    ^ listed_method
//                                            ^ listed_type
}

pub fn of_an_object(rule: &dyn FastRule, limit: u64) -> bool {
    rule.holds(limit)
//       ^ object_method
}

pub fn region(rule: &(dyn Rule + 'static), limit: u64) -> bool {
    specialize!(rule: [Below] in { rule.holds(limit) })
//                                      ^ method_in_region
}

pub fn completed(rule: &dyn Rule, limit: u64) -> bool {
    static_call!(rule.hol())
//                       ^ partial_method
    && static_call!(rule.holds(lim))
//                                ^ partial_argument
    && static_call!(rule.hol)
//                          ^ partial_method_alone
}
"#;

/// Line and column of the place that is called so, as editors count them.
pub(crate) fn place(name: &str) -> (usize, usize) {
    let lines: Vec<&str> = SOURCE.lines().collect();
    let is_mark = |line: &&str| line.starts_with("//") && line.contains('^');
    for (number, line) in lines.iter().enumerate() {
        let mark = line.split_once('^').filter(|_| is_mark(line));
        if let Some((before, word)) = mark
            && word.trim() == name
        {
            let marked = (0..number).rev().find(|&above| !is_mark(&lines[above]));
            return (marked.expect("a mark stands under a line"), before.len());
        }
    }
    panic!("no place is called {name}")
}
