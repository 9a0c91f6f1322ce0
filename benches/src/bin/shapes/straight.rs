//! What a switch in front of each of 4,096 calls costs in straight code: with what is not
//! called next to the call or aside, and with a cache line for each switch or side by side.

use core::arch::global_asm;
use std::hint::black_box;
use std::time::Instant;

use static_call_benches::stats::Shuffle;

/// Calls in a function.
const CALLS: usize = 4096;

/// An object, and where its only method is: what a wide reference is.
#[derive(Clone, Copy)]
#[repr(C)]
struct Object {
    data: &'static u64,
    methods: &'static [Method; 1],
}

type Method = extern "C" fn(&u64, u64) -> u64;

extern "C" fn body<const KIND: u64>(data: &u64, x: u64) -> u64 {
    ((data + KIND) | 1).wrapping_mul(x)
}

static METHODS: [[Method; 1]; 8] = [
    [body::<0>],
    [body::<1>],
    [body::<2>],
    [body::<3>],
    [body::<4>],
    [body::<5>],
    [body::<6>],
    [body::<7>],
];

// A function of 4,096 calls, each on its object and on what the one before returned. No
// switch is ever off, so that nothing else is called.
global_asm!(
    ".macro shapes_of_straight_code name, switches, stride, next_to_it",
    ".globl \\name",
    ".hidden \\name",
    ".balign 64",
    "\\name:",
    "push rbx",
    "mov rbx, rdi",
    "mov rax, rsi",
    ".set shapes_call, 0",
    ".rept 4096",
    "mov rdi, [rbx + shapes_call * 16]",
    "mov r8, [rbx + shapes_call * 16 + 8]",
    ".if \\stride",
    "cmp byte ptr [rip + \\switches + shapes_call * \\stride], 0",
    "jle 2f",
    ".endif",
    "mov rsi, rax",
    "call [r8]",
    ".if \\stride",
    ".if \\next_to_it",
    "jmp 3f",
    "2: mov rsi, r8",
    "mov rdx, rax",
    "call shapes_never",
    "3:",
    ".else",
    "3: .subsection 1",
    "2: mov rsi, r8",
    "mov rdx, rax",
    "call shapes_never",
    "jmp 3b",
    ".subsection 0",
    ".endif",
    ".endif",
    ".set shapes_call, shapes_call + 1",
    ".endr",
    "pop rbx",
    "ret",
    ".endm",
    ".pushsection .text.shapes_of_straight_code, \"ax\", @progbits",
    "shapes_never: ud2",
    "shapes_of_straight_code shapes_plain, shapes_lines, 0, 0",
    "shapes_of_straight_code shapes_plain_again, shapes_lines, 0, 0",
    "shapes_of_straight_code shapes_next_to_it, shapes_lines, 64, 1",
    "shapes_of_straight_code shapes_aside, shapes_lines, 64, 0",
    "shapes_of_straight_code shapes_aside_side_by_side, shapes_bytes, 1, 0",
    ".popsection",
    ".pushsection .data.shapes_of_straight_code, \"aw\", @progbits",
    ".balign 64",
    "shapes_lines: .fill 4096 * 64, 1, 1",
    "shapes_bytes: .fill 4096, 1, 1",
    ".popsection",
);

/// All calls, one after the other.
type Calls = unsafe extern "C" fn(&[Object; CALLS], u64) -> u64;

unsafe extern "C" {
    fn shapes_plain(objects: &[Object; CALLS], x: u64) -> u64;
    fn shapes_plain_again(objects: &[Object; CALLS], x: u64) -> u64;
    fn shapes_next_to_it(objects: &[Object; CALLS], x: u64) -> u64;
    fn shapes_aside(objects: &[Object; CALLS], x: u64) -> u64;
    fn shapes_aside_side_by_side(objects: &[Object; CALLS], x: u64) -> u64;
}

const VARIANTS: [(&str, Calls); 5] = [
    ("none", shapes_plain),
    ("none, again", shapes_plain_again),
    (
        "a cache line each, the patched way next to the call",
        shapes_next_to_it,
    ),
    ("a cache line each, the patched way aside", shapes_aside),
    (
        "side by side, the patched way aside",
        shapes_aside_side_by_side,
    ),
];

pub(crate) fn measure(rounds: usize) {
    let mut shuffle = Shuffle::new(1);
    // A place meets the same type each time.
    let objects: Box<[Object; CALLS]> = Box::new(std::array::from_fn(|_| Object {
        data: &7,
        methods: &METHODS[shuffle.below(METHODS.len())],
    }));
    let mut ratios = vec![Vec::with_capacity(rounds); VARIANTS.len()];
    for round in 0..rounds {
        let mut times = vec![0.0; VARIANTS.len()];
        for turn in 0..VARIANTS.len() {
            let which = (turn + round) % VARIANTS.len();
            // Twice, of which the second is measured: what the others have pushed out is back.
            for _ in 0..2 {
                let start = Instant::now();
                // SAFETY: the code above reads so many objects, calls the method of each with
                // its data, and keeps to the C ABI: of the registers that are the caller's it
                // uses `rbx`, which it saves; and eight bytes of return address and eight of
                // `rbx` leave the stack aligned.
                black_box(unsafe { VARIANTS[which].1(black_box(&objects), 1) });
                times[which] = start.elapsed().as_secs_f64();
            }
        }
        for (ratios, time) in ratios.iter_mut().zip(&times) {
            ratios.push(time / times[0]);
        }
    }
    for ((name, _), ratios) in VARIANTS.iter().zip(&ratios).skip(1) {
        crate::row(&[name], ratios);
    }
}
