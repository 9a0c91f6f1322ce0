//! An interpreter, codecs and a layout of widgets.

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 3] = [
    Program::new(
        "interpreter",
        "a loop of twelve operations of five types, as an interpreter without a `match`",
        |size| Ok(Box::new(Machine::new(size))),
    ),
    Program::new(
        "codecs",
        "blocks of 128 bytes encoded, some hundred nanoseconds each, 80/20 of two types",
        |size| Ok(Box::new(Blocks::new(size))),
    ),
    Program::new(
        "widgets",
        "`-> (u32, u32)`: widgets asked for their sizes, four types in no order",
        |size| Ok(Box::new(Window::new(size))),
    ),
];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Operation {
        fn execute(&self, registers: &mut [u64; 8]);
    }
}

struct Add(usize, usize);
struct Multiply(usize, u64);
struct Xor(usize, usize);
struct Shift(usize, u32);
struct Move(usize, usize);

impl Operation for Add {
    fn execute(&self, registers: &mut [u64; 8]) {
        registers[self.0 % 8] = registers[self.0 % 8].wrapping_add(registers[self.1 % 8]);
    }
}

impl Operation for Multiply {
    fn execute(&self, registers: &mut [u64; 8]) {
        registers[self.0 % 8] = registers[self.0 % 8].wrapping_mul(self.1);
    }
}

impl Operation for Xor {
    fn execute(&self, registers: &mut [u64; 8]) {
        registers[self.0 % 8] ^= registers[self.1 % 8];
    }
}

impl Operation for Shift {
    fn execute(&self, registers: &mut [u64; 8]) {
        registers[self.0 % 8] = registers[self.0 % 8].rotate_left(self.1);
    }
}

impl Operation for Move {
    fn execute(&self, registers: &mut [u64; 8]) {
        registers[self.0 % 8] = registers[self.1 % 8];
    }
}

#[inline(never)]
fn interpret(code: &[Box<dyn Operation>], registers: &mut [u64; 8], loops: usize) {
    mark!();
    for _ in 0..loops {
        for operation in code {
            call!(operation.execute(registers), inline = [Add, Xor]);
        }
    }
}

struct Machine {
    code: Vec<Box<dyn Operation>>,
    loops: usize,
}

impl Machine {
    fn new(size: Size) -> Self {
        Machine {
            code: vec![
                Box::new(Add(0, 1)),
                Box::new(Xor(1, 2)),
                Box::new(Multiply(2, 31)),
                Box::new(Add(2, 0)),
                Box::new(Shift(3, 7)),
                Box::new(Add(3, 2)),
                Box::new(Move(4, 3)),
                Box::new(Xor(4, 0)),
                Box::new(Add(5, 4)),
                Box::new(Multiply(5, 17)),
                Box::new(Add(6, 5)),
                Box::new(Xor(0, 6)),
            ],
            loops: size.of(3000),
        }
    }
}

impl Work for Machine {
    fn run(&mut self) -> u64 {
        let mut registers = [1, 2, 3, 4, 5, 6, 7, 8];
        interpret(&self.code, &mut registers, self.loops);
        registers.into_iter().fold(0, mix)
    }
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Codec {
        fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize;
    }
}

struct RunLength;
struct Differences;

impl Codec for RunLength {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        let before = into.len();
        let mut rest = source;
        while let [first, ..] = rest {
            let run = rest.iter().take_while(|byte| *byte == first).count();
            into.extend_from_slice(&[run as u8, *first]);
            rest = &rest[run..];
        }
        into.len() - before
    }
}

impl Codec for Differences {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        let mut last = 0_u8;
        for byte in source {
            into.push(byte.wrapping_sub(last));
            last = *byte;
        }
        source.len()
    }
}

#[inline(never)]
fn encode(blocks: &[(Box<dyn Codec>, [u8; 128])], into: &mut Vec<u8>) -> usize {
    mark!();
    let mut length = 0;
    for (codec, block) in blocks {
        length += call!(codec.encode(block, into), inline = [RunLength, Differences]);
    }
    length
}

struct Blocks {
    blocks: Vec<(Box<dyn Codec>, [u8; 128])>,
    into: Vec<u8>,
}

impl Blocks {
    fn new(size: Size) -> Self {
        let block = |index: usize| std::array::from_fn(|at| ((at / 9) * (index % 13)) as u8);
        let blocks = (0..size.of(500)).map(|index| -> (Box<dyn Codec>, _) {
            if index * 7 % 10 < 2 {
                (Box::new(Differences), block(index))
            } else {
                (Box::new(RunLength), block(index))
            }
        });
        Blocks {
            blocks: blocks.collect(),
            into: Vec::new(),
        }
    }
}

impl Work for Blocks {
    fn run(&mut self) -> u64 {
        self.into.clear();
        let length = encode(&self.blocks, &mut self.into);
        let sample = self.into.iter().step_by(17);
        sample.fold(length as u64, |sum, byte| mix(sum, u64::from(*byte)))
    }
}

annotated! {
    #[static_call::static_dispatch(targets = 4)]
    trait Widget {
        fn wanted(&self, width: u32) -> (u32, u32);
    }
}

struct Label(u32);
struct Button(u32);
struct Picture(u32, u32);
struct Spacer;

impl Widget for Label {
    fn wanted(&self, width: u32) -> (u32, u32) {
        (width, 14 * (1 + self.0 * 8 / width))
    }
}

impl Widget for Button {
    fn wanted(&self, width: u32) -> (u32, u32) {
        ((self.0 * 8 + 12).min(width), 24)
    }
}

impl Widget for Picture {
    fn wanted(&self, width: u32) -> (u32, u32) {
        (self.0.min(width), self.1)
    }
}

impl Widget for Spacer {
    fn wanted(&self, width: u32) -> (u32, u32) {
        (width, 4)
    }
}

#[inline(never)]
fn lay_out(widgets: &[Box<dyn Widget>], width: u32) -> (u32, u32) {
    mark!();
    let mut size = (0, 0_u32);
    for widget in widgets {
        let (wide, high) = call!(widget.wanted(width), inline = [Label, Button]);
        size = (wide.max(size.0), size.1.wrapping_add(high));
    }
    size
}

struct Window {
    widgets: Vec<Box<dyn Widget>>,
    layouts: u32,
}

impl Window {
    fn new(size: Size) -> Self {
        let widgets = (0..1000_u32).map(|index| -> Box<dyn Widget> {
            // An order as good as none.
            match mix(1, u64::from(index)) >> 61 {
                0..=2 => Box::new(Label(index % 40)),
                3 | 4 => Box::new(Button(index % 10)),
                5 | 6 => Box::new(Picture(index % 300, 40)),
                _ => Box::new(Spacer),
            }
        });
        Window {
            widgets: widgets.collect(),
            layouts: size.of(20) as u32,
        }
    }
}

impl Work for Window {
    fn run(&mut self) -> u64 {
        let sizes = (1..=self.layouts).map(|layout| lay_out(&self.widgets, 100 * layout));
        sizes.fold(0, |sum, (wide, high)| {
            mix(sum, u64::from(wide) << 32 | u64::from(high))
        })
    }
}
