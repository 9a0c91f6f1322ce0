//! Expression trees, in which nodes call nodes.

use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 1] = [Program::new(
    "expressions",
    "trees of sums, products, choices, variables and constants, evaluated",
    |size| Ok(Box::new(Formulas::new(size))),
)];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Expression {
        fn value(&self, variables: &[f64; 4]) -> f64;
    }
}

type Node = Box<dyn Expression>;

struct Constant(f64);
struct Variable(usize);
struct Sum(Node, Node);
struct Product(Node, Node);
struct Choice(Node, Node, Node);

impl Expression for Constant {
    fn value(&self, _variables: &[f64; 4]) -> f64 {
        self.0
    }
}

impl Expression for Variable {
    fn value(&self, variables: &[f64; 4]) -> f64 {
        variables[self.0 % 4]
    }
}

impl Expression for Sum {
    fn value(&self, variables: &[f64; 4]) -> f64 {
        mark!();
        let left = call!(self.0.value(variables), inline = [Variable, Constant]);
        left + call!(self.1.value(variables), inline = [Variable, Constant])
    }
}

impl Expression for Product {
    fn value(&self, variables: &[f64; 4]) -> f64 {
        mark!();
        let left = call!(self.0.value(variables), inline = [Variable, Constant]);
        left * call!(self.1.value(variables), inline = [Variable, Constant])
    }
}

impl Expression for Choice {
    fn value(&self, variables: &[f64; 4]) -> f64 {
        mark!();
        if call!(self.0.value(variables), inline = [Variable, Constant]) > 0.5 {
            call!(self.1.value(variables), inline = [Variable, Constant])
        } else {
            call!(self.2.value(variables), inline = [Variable, Constant])
        }
    }
}

fn grow(shuffle: &mut Shuffle, depth: usize) -> Node {
    let kind = shuffle.below(8);
    if depth == 0 || kind == 0 {
        return match shuffle.below(3) {
            0 => Box::new(Constant(shuffle.below(100) as f64 / 100.0)),
            _ => Box::new(Variable(shuffle.below(4))),
        };
    }
    let mut next = || grow(shuffle, depth - 1);
    match kind {
        1..=3 => Box::new(Sum(next(), next())),
        4..=6 => Box::new(Product(next(), next())),
        _ => Box::new(Choice(next(), next(), next())),
    }
}

struct Formulas {
    formulas: Vec<Node>,
    points: usize,
}

impl Formulas {
    fn new(size: Size) -> Self {
        let mut shuffle = Shuffle::new(11);
        Formulas {
            formulas: (0..6).map(|_| grow(&mut shuffle, 6)).collect(),
            points: size.of(100),
        }
    }
}

#[inline(never)]
fn evaluate(formulas: &[Node], variables: &[f64; 4]) -> f64 {
    mark!();
    let mut sum = 0.0;
    for formula in formulas {
        sum += call!(formula.value(variables), inline = [Sum, Product]);
    }
    sum
}

impl Work for Formulas {
    fn run(&mut self) -> u64 {
        let points = (0..self.points).map(|point| point as f64 / 128.0);
        points.fold(0, |sum, x| {
            mix(
                sum,
                evaluate(&self.formulas, &[x, 1.0 - x, x * x, 0.5]).to_bits(),
            )
        })
    }
}
