//! Recursion, and futures that are polled by hand.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 2] = [
    Program::new(
        "recursion",
        "the sizes of folders, links and files, summed by recursion through `dyn`",
        |size| Ok(Box::new(Disk::new(size))),
    ),
    Program::new(
        "futures",
        "hand-written futures of two types, polled until they are ready",
        |size| Ok(Box::new(Executor::new(size))),
    ),
];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Entry {
        fn blocks(&self, depth: u64) -> u64;
    }
}

struct File(u64);
struct Link;
struct Folder(Vec<Box<dyn Entry>>);

impl Entry for File {
    fn blocks(&self, depth: u64) -> u64 {
        self.0.div_ceil(4096) * depth
    }
}

impl Entry for Link {
    fn blocks(&self, _depth: u64) -> u64 {
        1
    }
}

impl Entry for Folder {
    fn blocks(&self, depth: u64) -> u64 {
        mark!();
        let mut sum = 1_u64;
        for entry in &self.0 {
            sum = sum.wrapping_add(call!(entry.blocks(depth + 1), inline = [File, Folder]));
        }
        sum
    }
}

fn folder(depth: u64) -> Folder {
    let entries = (0..12).map(|index| -> Box<dyn Entry> {
        match index {
            3 | 8 if depth > 0 => Box::new(folder(depth - 1)),
            5 => Box::new(Link),
            _ => Box::new(File(index * 1000 + depth)),
        }
    });
    Folder(entries.collect())
}

struct Disk {
    root: Box<dyn Entry>,
    walks: u64,
}

impl Disk {
    fn new(size: Size) -> Self {
        let depth = if size == Size::Full { 8 } else { 2 };
        Disk {
            root: Box::new(folder(depth)),
            walks: 8,
        }
    }
}

impl Work for Disk {
    fn run(&mut self) -> u64 {
        (0..self.walks).fold(0, |sum, walk| mix(sum, self.root.blocks(walk)))
    }
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Task {
        fn advance(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64>;
        fn again(&mut self);
    }
}

struct Countdown {
    left: u32,
    from: u32,
}

impl Task for Countdown {
    fn advance(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<u64> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(u64::from(this.from));
        }
        this.left -= 1;
        Poll::Pending
    }
    fn again(&mut self) {
        self.left = self.from;
    }
}

struct Transfer {
    bytes: u64,
    sent: u64,
}

impl Task for Transfer {
    fn advance(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<u64> {
        let this = self.get_mut();
        this.sent += 512;
        if this.sent >= this.bytes {
            Poll::Ready(this.sent)
        } else {
            Poll::Pending
        }
    }
    fn again(&mut self) {
        self.sent = 0;
    }
}

#[inline(never)]
fn poll(tasks: &mut [Pin<Box<dyn Task>>], context: &mut Context<'_>) -> u64 {
    mark!();
    let mut done = 0;
    for task in tasks {
        let polled = call!(
            task.as_mut().advance(context),
            inline = [Countdown, Transfer]
        );
        if let Poll::Ready(value) = polled {
            done = mix(done, value);
        }
    }
    done
}

struct Executor {
    tasks: Vec<Pin<Box<dyn Task>>>,
    polls: usize,
}

impl Executor {
    fn new(size: Size) -> Self {
        let tasks = (0..200).map(|index| -> Pin<Box<dyn Task>> {
            if mix(3, index).is_multiple_of(4) {
                Box::pin(Transfer {
                    bytes: 512 * (index % 50),
                    sent: 0,
                })
            } else {
                let from = index as u32 % 60;
                Box::pin(Countdown { left: from, from })
            }
        });
        Executor {
            tasks: tasks.collect(),
            polls: size.of(100),
        }
    }
}

impl Work for Executor {
    fn prepare(&mut self, _round: usize) {
        for task in &mut self.tasks {
            // SAFETY: these tasks move nothing of theirs.
            unsafe { task.as_mut().get_unchecked_mut() }.again();
        }
    }

    fn run(&mut self) -> u64 {
        let mut context = Context::from_waker(Waker::noop());
        let polls = 0..self.polls;
        polls.fold(0, |sum, _| mix(sum, poll(&mut self.tasks, &mut context)))
    }
}
