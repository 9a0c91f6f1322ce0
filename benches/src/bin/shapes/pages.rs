//! What a jump costs that a call passes on its way: within its page of 4 KiB, and to
//! another one.

use std::hint::black_box;
use std::time::Instant;

use memmap2::{Mmap, MmapMut};

/// Calls in a round.
const CALLS: u64 = 1024;

/// Bytes between the code of two variants, so that none shares a page with another.
const APART: usize = 64 << 10;

/// `loop: mov rsi, rax; call …; dec rdi; jnz loop; ret`, with `rax` as it begins.
const CALLER: [u8; 19] = [
    0xb8, 1, 0, 0, 0, // mov eax, 1
    0x48, 0x89, 0xc6, // loop: mov rsi, rax
    0xe8, 0, 0, 0, 0, // call
    0x48, 0xff, 0xcf, // dec rdi
    0x75, 0xf3, // jnz loop
    0xc3, // ret
];
const CALL_AT: usize = 8;

/// `imul rax, rsi, …; inc rax; ret`
const BODY: [u8; 11] = [
    0x48, 0x69, 0xc6, 0x15, 0x7c, 0x4a, 0x7f, 0x48, 0xff, 0xc0, 0xc3,
];

/// Where a jump lies in its variant's bytes, and the body that it leads to.
type Way = Option<(usize, usize)>;

const WAYS: [(&str, Way); 8] = [
    ("none", None),
    ("none, again", None),
    ("64 bytes, same page", Some((0x8000, 0x8040))),
    ("2 KiB, same page", Some((0x8100, 0x8900))),
    ("2 KiB back, same page", Some((0x8900, 0x8100))),
    ("128 bytes, next page", Some((0x8fc0, 0x9040))),
    ("4 KiB", Some((0x8100, 0x9140))),
    ("32 KiB back", Some((0x9100, 0x1140))),
];

fn distance(from: usize, to: usize) -> [u8; 4] {
    let [from, to] = [from, to].map(|at| i32::try_from(at).expect("half a megabyte"));
    (to - from).to_le_bytes()
}

/// All variants' code, and where each begins.
fn code() -> std::io::Result<(Mmap, Vec<usize>)> {
    let mut bytes = MmapMut::map_anon(WAYS.len() * APART)?;
    let mut begins = Vec::with_capacity(WAYS.len());
    for (index, (_, way)) in WAYS.iter().enumerate() {
        let base = index * APART;
        let (begin, body) = (base + 0x4240, base + way.map_or(0x8040, |(_, body)| body));
        let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
        put(body, &BODY);
        put(begin, &CALLER);
        let mut called = body;
        if let Some((jump, _)) = way {
            called = base + jump;
            put(called, &[0xe9]);
            put(called + 1, &distance(called + 5, body));
        }
        put(begin + CALL_AT + 1, &distance(begin + CALL_AT + 5, called));
        begins.push(begin);
    }
    Ok((bytes.make_exec()?, begins))
}

pub(crate) fn measure(rounds: usize) {
    let (code, begins) = match code() {
        Ok(code) => code,
        Err(error) => {
            println!("no memory may become code here: {error}");
            return;
        }
    };
    let mut ratios = vec![Vec::with_capacity(rounds); WAYS.len()];
    for round in 0..rounds {
        let mut times = vec![0.0; WAYS.len()];
        for turn in 0..WAYS.len() {
            let which = (turn + round) % WAYS.len();
            let begin: *const u8 = &raw const code[begins[which]];
            // SAFETY: `code` has put a function of this type there, which keeps to the
            // C ABI: it uses two registers that are the callee's, and the stack as calls do.
            let caller = unsafe {
                core::mem::transmute::<*const u8, unsafe extern "C" fn(u64) -> u64>(begin)
            };
            let start = Instant::now();
            // SAFETY: it has no other conditions.
            black_box(unsafe { caller(black_box(CALLS)) });
            times[which] = start.elapsed().as_secs_f64();
        }
        for (ratios, time) in ratios.iter_mut().zip(&times) {
            ratios.push(time / times[0]);
        }
    }
    for ((name, _), ratios) in WAYS.iter().zip(&ratios).skip(1) {
        crate::row(&[name], ratios);
    }
}
