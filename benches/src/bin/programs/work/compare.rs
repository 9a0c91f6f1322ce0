//! Sorting with a comparator that is chosen at run time.

use std::cmp::Ordering;

use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 2] = [
    Program::new(
        "sort-by",
        "`sort_by` with a comparator behind `dyn`",
        |size| Ok(Box::new(Sorting::new(size))),
    )
    .with_regions(),
    Program::new(
        "binary-search",
        "`partition_point` with a comparator behind `dyn`, two in turn",
        |size| Ok(Box::new(Searching::new(size))),
    )
    .with_regions(),
];

#[derive(Clone, Copy)]
struct Row {
    age: u32,
    name: u64,
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Comparator {
        fn compare(&self, a: &Row, b: &Row) -> Ordering;
    }
}

struct ByAge;

impl Comparator for ByAge {
    fn compare(&self, a: &Row, b: &Row) -> Ordering {
        a.age.cmp(&b.age)
    }
}

struct ByName;

impl Comparator for ByName {
    fn compare(&self, a: &Row, b: &Row) -> Ordering {
        a.name.cmp(&b.name)
    }
}

#[inline(never)]
fn sort(rows: &mut [Row], comparator: &(dyn Comparator + 'static)) {
    mark!();
    region!(comparator, [ByAge, ByName], {
        rows.sort_by(|a, b| call!(comparator.compare(a, b), inline = [ByAge, ByName]));
    });
}

fn rows(count: usize) -> Vec<Row> {
    let mut shuffle = Shuffle::new(9);
    let mut row = || Row {
        age: shuffle.below(100_000) as u32,
        name: shuffle.below(1 << 30) as u64,
    };
    (0..count).map(|_| row()).collect()
}

struct Sorting {
    rows: Vec<Row>,
    sorted: Vec<Row>,
    comparator: Box<dyn Comparator>,
}

impl Sorting {
    fn new(size: Size) -> Self {
        Sorting {
            rows: rows(size.of(1000)),
            sorted: Vec::new(),
            comparator: Box::new(ByAge),
        }
    }
}

impl Work for Sorting {
    fn prepare(&mut self, round: usize) {
        let middle = round % self.rows.len();
        self.rows.rotate_left(middle);
        self.sorted.clone_from(&self.rows);
    }

    fn run(&mut self) -> u64 {
        sort(&mut self.sorted, &*self.comparator);
        let ages = self.sorted.iter().map(|row| u64::from(row.age));
        ages.fold(0, mix)
    }
}

#[inline(never)]
fn place(rows: &[Row], row: &Row, comparator: &(dyn Comparator + 'static)) -> usize {
    mark!();
    region!(comparator, [ByAge, ByName], {
        rows.partition_point(|other| {
            call!(comparator.compare(other, row), inline = [ByAge, ByName]) == Ordering::Less
        })
    })
}

struct Searching {
    /// Sorted by one, and by the other.
    rows: [Vec<Row>; 2],
    comparators: [Box<dyn Comparator>; 2],
    wanted: Vec<Row>,
}

impl Searching {
    fn new(size: Size) -> Self {
        let mut by_age = rows(size.of(4000));
        let mut by_name = by_age.clone();
        let wanted = by_age[..size.of(500).min(by_age.len())].to_vec();
        by_age.sort_by_key(|row| row.age);
        by_name.sort_by_key(|row| row.name);
        Searching {
            rows: [by_age, by_name],
            comparators: [Box::new(ByAge), Box::new(ByName)],
            wanted,
        }
    }
}

impl Work for Searching {
    fn run(&mut self) -> u64 {
        let mut sum = 0;
        for row in &self.wanted {
            for (rows, comparator) in self.rows.iter().zip(&self.comparators) {
                sum = mix(sum, place(rows, row, &**comparator) as u64);
            }
        }
        sum
    }
}
