//! Visitors and sinks that are handed words.

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 2] = [
    Program::new(
        "visitors",
        "a document's tree handed to a visitor, `&str` by `&str`; three walks in four by one type",
        |size| Ok(Box::new(Document::new(size))),
    ),
    Program::new(
        "sinks",
        "words split off a text and handed to two sinks in turn",
        |size| Ok(Box::new(Text::new(size))),
    ),
];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Visitor {
        fn enter(&mut self, tag: &str);
        fn text(&mut self, text: &str);
        fn leave(&mut self, tag: &str);
        fn result(&self) -> u64;
    }
}

#[derive(Default)]
struct Measure {
    depth: u64,
    bytes: u64,
}

impl Visitor for Measure {
    fn enter(&mut self, _tag: &str) {
        self.depth += 1;
    }
    fn text(&mut self, text: &str) {
        self.bytes += text.len() as u64 * self.depth;
    }
    fn leave(&mut self, _tag: &str) {
        self.depth -= 1;
    }
    fn result(&self) -> u64 {
        self.bytes
    }
}

#[derive(Default)]
struct Render {
    text: String,
}

impl Visitor for Render {
    fn enter(&mut self, tag: &str) {
        self.text.push_str(tag);
    }
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }
    fn leave(&mut self, tag: &str) {
        self.text.push_str(tag);
    }
    fn result(&self) -> u64 {
        self.text.bytes().fold(0, |sum, byte| mix(sum, byte.into()))
    }
}

enum Node {
    Text(&'static str),
    Element(&'static str, Vec<Node>),
}

#[inline(never)]
fn walk(node: &Node, visitor: &mut dyn Visitor) {
    mark!();
    match node {
        Node::Text(text) => call!(visitor.text(text), inline = [Measure]),
        Node::Element(tag, children) => {
            call!(visitor.enter(tag), inline = [Measure]);
            for child in children {
                walk(child, visitor);
            }
            call!(visitor.leave(tag), inline = [Measure]);
        }
    }
}

const WORDS: [&str; 5] = ["static", "call", "a", "of the", "dispatch"];

fn element(depth: usize) -> Node {
    let children = (0..4).map(|index| {
        if depth == 0 || index % 2 == 0 {
            Node::Text(WORDS[(index + depth) % WORDS.len()])
        } else {
            element(depth - 1)
        }
    });
    Node::Element(["p", "div", "li"][depth % 3], children.collect())
}

struct Document {
    root: Node,
    walks: usize,
}

impl Document {
    fn new(size: Size) -> Self {
        Document {
            root: element(if size == Size::Full { 8 } else { 2 }),
            walks: 16,
        }
    }
}

impl Work for Document {
    fn run(&mut self) -> u64 {
        let mut sum = 0;
        for number in 0..self.walks {
            let mut visitor: Box<dyn Visitor> = if number % 4 == 3 {
                Box::new(Render::default())
            } else {
                Box::new(Measure::default())
            };
            walk(&self.root, &mut *visitor);
            sum = mix(sum, visitor.result());
        }
        sum
    }
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Sink {
        fn word(&mut self, word: &str);
        fn sum(&self) -> u64;
    }
}

#[derive(Default)]
struct Count {
    words: u64,
    longest: usize,
}

impl Sink for Count {
    fn word(&mut self, word: &str) {
        self.words += 1;
        self.longest = self.longest.max(word.len());
    }
    fn sum(&self) -> u64 {
        mix(self.words, self.longest as u64)
    }
}

#[derive(Default)]
struct Checksum {
    sum: u64,
}

impl Sink for Checksum {
    fn word(&mut self, word: &str) {
        for byte in word.bytes() {
            self.sum = (self.sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    fn sum(&self) -> u64 {
        self.sum
    }
}

#[inline(never)]
fn split(text: &str, sinks: &mut [Box<dyn Sink>]) {
    mark!();
    for word in text.split(' ') {
        for sink in &mut *sinks {
            call!(sink.word(word), inline = [Count, Checksum]);
        }
    }
}

struct Text {
    text: String,
    sinks: Vec<Box<dyn Sink>>,
}

impl Text {
    fn new(size: Size) -> Self {
        let words: Vec<_> = WORDS.into_iter().cycle().take(size.of(4000)).collect();
        Text {
            text: words.join(" "),
            sinks: vec![Box::new(Count::default()), Box::new(Checksum::default())],
        }
    }
}

impl Work for Text {
    fn run(&mut self) -> u64 {
        split(&self.text, &mut self.sinks);
        self.sinks.iter().fold(0, |sum, sink| mix(sum, sink.sum()))
    }
}
