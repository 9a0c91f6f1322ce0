//! Results that own memory now and then.

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 2] = [
    Program::new(
        "optional-text",
        "`-> Option<String>`, one type, nearly always `None`",
        |size| Ok(Box::new(Labels::new(size))),
    )
    .with_regions(),
    Program::new(
        "fallible-text",
        "`-> Result<String, [u64; 4]>`, 90/10 of two types, nearly always an error",
        |size| Ok(Box::new(Fields::new(size))),
    ),
];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Names {
        fn label(&self, id: u32) -> Option<String>;
    }
}

struct Numbered {
    every: u32,
}

impl Names for Numbered {
    fn label(&self, id: u32) -> Option<String> {
        (id & self.every == 0).then(|| format!("{id}"))
    }
}

#[inline(never)]
fn labelled(names: &(dyn Names + 'static), ids: u32) -> u64 {
    mark!();
    region!(names, [Numbered], {
        let mut sum = 0;
        for id in 0..ids {
            if let Some(label) = call!(names.label(id), inline = [Numbered]) {
                sum += label.len() as u64;
            }
        }
        sum
    })
}

struct Labels {
    names: Box<dyn Names>,
    ids: u32,
}

impl Labels {
    fn new(size: Size) -> Self {
        Labels {
            names: Box::new(Numbered { every: 4095 }),
            ids: size.of(50_000) as u32,
        }
    }
}

impl Work for Labels {
    fn run(&mut self) -> u64 {
        labelled(&*self.names, self.ids)
    }
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Field {
        /// The text, or where it is wrong.
        fn read(&self, line: u64) -> Result<String, [u64; 4]>;
    }
}

struct Fixed {
    width: u64,
}

impl Field for Fixed {
    fn read(&self, line: u64) -> Result<String, [u64; 4]> {
        if line % 4096 == self.width {
            Ok(line.to_string())
        } else {
            Err([line, line + self.width, self.width, 1])
        }
    }
}

struct Quoted {
    quote: u64,
}

impl Field for Quoted {
    fn read(&self, line: u64) -> Result<String, [u64; 4]> {
        if line % 4096 == self.quote {
            Ok(format!("'{line}'"))
        } else {
            Err([line, line ^ self.quote, 2, 2])
        }
    }
}

#[inline(never)]
fn faults(fields: &[Box<dyn Field>], line: u64) -> u64 {
    mark!();
    let mut sum = 0_u64;
    for field in fields {
        match call!(field.read(line), inline = [Fixed, Quoted]) {
            Ok(text) => sum += text.len() as u64,
            Err(place) => sum = sum.wrapping_add(place[1]),
        }
    }
    sum
}

struct Fields {
    fields: Vec<Box<dyn Field>>,
    lines: u64,
}

impl Fields {
    fn new(size: Size) -> Self {
        let fields = (0..20).map(|index| -> Box<dyn Field> {
            if index % 10 == 7 {
                Box::new(Quoted { quote: index })
            } else {
                Box::new(Fixed { width: index })
            }
        });
        Fields {
            fields: fields.collect(),
            lines: size.of(2000) as u64,
        }
    }
}

impl Work for Fields {
    fn run(&mut self) -> u64 {
        (0..self.lines).fold(0, |sum, line| mix(sum, faults(&self.fields, line)))
    }
}
