//! Columns of a table, read value by value, and results that are not spelled as scalars.

use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work};

pub(super) const PROGRAMS: [Program; 4] = [
    Program::new(
        "packed-column",
        "a column of 17-bit packed integers, `get(i) -> T`, one type",
        |size| Ok(Box::new(Column17::new(size))),
    )
    .with_regions(),
    Program::new(
        "table-rows",
        "a table read row by row: packed, dictionary and constant columns in turn",
        |size| Ok(Box::new(Table::new(size))),
    ),
    Program::new(
        "generic-results",
        "`next() -> T` with `T = u64`, 80/20 of two types",
        |size| Ok(Box::new(Series::new(size))),
    ),
    Program::new(
        "newtype-results",
        "`-> Id`, a newtype of `u32`, one type",
        |size| Ok(Box::new(Numbers::new(size))),
    ),
];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Column<T> {
        fn get(&self, row: usize) -> T;
    }
}

/// Values of 17 bits, one after the other.
struct Packed {
    words: Vec<u64>,
}

impl Packed {
    const BITS: usize = 17;

    fn new(values: impl Iterator<Item = u64>) -> Self {
        let mut words = vec![0];
        for (row, value) in values.enumerate() {
            let (word, bit) = (row * Self::BITS / 64, row * Self::BITS % 64);
            words.resize(word + 2, 0);
            let wide = u128::from(value) << bit;
            words[word] |= wide as u64;
            words[word + 1] |= (wide >> 64) as u64;
        }
        Packed { words }
    }
}

impl Column<u64> for Packed {
    fn get(&self, row: usize) -> u64 {
        let (word, bit) = (row * Self::BITS / 64, row * Self::BITS % 64);
        let pair = &self.words[word..word + 2];
        let wide = u128::from(pair[0]) | u128::from(pair[1]) << 64;
        (wide >> bit) as u64 & ((1 << Self::BITS) - 1)
    }
}

struct Dictionary {
    codes: Vec<u8>,
    values: Vec<u64>,
}

impl Column<u64> for Dictionary {
    fn get(&self, row: usize) -> u64 {
        self.values[usize::from(self.codes[row])]
    }
}

struct Constant {
    value: u64,
}

impl Column<u64> for Constant {
    fn get(&self, _row: usize) -> u64 {
        self.value
    }
}

#[inline(never)]
fn sum(column: &(dyn Column<u64> + 'static), rows: usize) -> u64 {
    mark!();
    region!(column, [Packed], {
        let mut sum = 0_u64;
        for row in 0..rows {
            sum = sum.wrapping_add(call!(column.get(row), inline = [Packed]));
        }
        sum
    })
}

struct Column17 {
    column: Box<dyn Column<u64>>,
    rows: usize,
}

impl Column17 {
    fn new(size: Size) -> Self {
        let mut shuffle = Shuffle::new(5);
        let rows = size.of(40_000);
        let values = (0..rows).map(|_| shuffle.below(1 << Packed::BITS) as u64);
        Column17 {
            column: Box::new(Packed::new(values)),
            rows,
        }
    }
}

impl Work for Column17 {
    fn run(&mut self) -> u64 {
        sum(&*self.column, self.rows)
    }
}

#[inline(never)]
fn sum_rows(columns: &[Box<dyn Column<u64>>], rows: usize) -> u64 {
    mark!();
    let mut sum = 0_u64;
    for row in 0..rows {
        for column in columns {
            sum = sum.wrapping_add(call!(column.get(row), inline = [Packed, Dictionary]));
        }
    }
    sum
}

struct Table {
    columns: Vec<Box<dyn Column<u64>>>,
    rows: usize,
}

impl Table {
    fn new(size: Size) -> Self {
        let mut shuffle = Shuffle::new(6);
        let rows = size.of(5000);
        let codes = (0..rows).map(|_| shuffle.below(200) as u8).collect();
        Table {
            columns: vec![
                Box::new(Packed::new((0..rows as u64).map(|row| row * 7 % 100_000))),
                Box::new(Dictionary {
                    codes,
                    values: (0..200).collect(),
                }),
                Box::new(Packed::new((0..rows as u64).map(|row| row * 3 % 100_000))),
                Box::new(Constant { value: 11 }),
            ],
            rows,
        }
    }
}

impl Work for Table {
    fn run(&mut self) -> u64 {
        sum_rows(&self.columns, self.rows)
    }
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Source<T> {
        fn next(&mut self) -> T;
    }
}

struct Ramp {
    at: u64,
    step: u64,
}

impl Source<u64> for Ramp {
    fn next(&mut self) -> u64 {
        self.at = self.at.wrapping_add(self.step);
        self.at
    }
}

struct Square {
    at: u64,
}

impl Source<u64> for Square {
    fn next(&mut self) -> u64 {
        self.at += 1;
        self.at * self.at
    }
}

#[inline(never)]
fn drain(sources: &mut [Box<dyn Source<u64>>], rounds: usize) -> u64 {
    mark!();
    let mut sum = 0_u64;
    for _ in 0..rounds {
        for source in &mut *sources {
            sum = sum.wrapping_add(call!(source.next(), inline = [Ramp, Square]));
        }
    }
    sum
}

struct Series {
    sources: Vec<Box<dyn Source<u64>>>,
    rounds: usize,
}

impl Series {
    fn new(size: Size) -> Self {
        let mut shuffle = Shuffle::new(7);
        let sources = (0..500).map(|index| -> Box<dyn Source<u64>> {
            if shuffle.below(5) == 0 {
                Box::new(Square { at: index })
            } else {
                Box::new(Ramp { at: 0, step: index })
            }
        });
        Series {
            sources: sources.collect(),
            rounds: size.of(60),
        }
    }
}

impl Work for Series {
    fn run(&mut self) -> u64 {
        drain(&mut self.sources, self.rounds)
    }
}

struct Id(u32);

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Owner {
        fn id(&self) -> Id;
    }
}

struct Account {
    number: u32,
}

impl Owner for Account {
    fn id(&self) -> Id {
        Id(self.number ^ 0x55)
    }
}

#[inline(never)]
fn newest(owners: &[Box<dyn Owner>]) -> u32 {
    mark!();
    let mut newest = 0;
    for owner in owners {
        newest = newest.max(call!(owner.id(), inline = [Account]).0);
    }
    newest
}

struct Numbers {
    owners: Vec<Box<dyn Owner>>,
    rounds: usize,
}

impl Numbers {
    fn new(size: Size) -> Self {
        let owners = (0..1000).map(|number| -> Box<dyn Owner> { Box::new(Account { number }) });
        Numbers {
            owners: owners.collect(),
            rounds: size.of(50),
        }
    }
}

impl Work for Numbers {
    fn run(&mut self) -> u64 {
        (0..self.rounds)
            .map(|_| u64::from(newest(&self.owners)))
            .sum()
    }
}
