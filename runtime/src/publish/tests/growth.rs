//! What a program holds whose plans never settle.

use super::*;

/// Mappings that can be executed, and their bytes.
fn code() -> (usize, usize) {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
    let code = maps
        .lines()
        .filter(|line| line.split(' ').nth(1).unwrap().contains('x'));
    let sizes = code.map(|line| {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        number(end) - number(start)
    });
    let sizes: Vec<_> = sizes.collect();
    (sizes.len(), sizes.iter().sum())
}

// Code of this program that nobody executes, in a page of its own.
std::arch::global_asm!(
    ".pushsection static_call_text_of_growth_tests, \"ax\", @progbits",
    ".balign 4096",
    ".hidden static_call_growth_tests_page",
    ".globl static_call_growth_tests_page",
    "static_call_growth_tests_page:",
    ".fill 4096, 1, 0xCC",
    ".popsection",
);
unsafe extern "C" {
    fn static_call_growth_tests_page();
}

/// 64 sites whose eight targets are others of forty in each pass, through the memory that
/// programs have.
#[test]
fn plans_that_change_for_ever_end_at_a_ceiling_of_memory_and_mappings() {
    let mut publisher = Publisher::new(os::code_memory().unwrap());
    let page = static_call_growth_tests_page as *const () as usize;
    let text = code as *const () as usize;
    let mut sites: Vec<_> = (0..64)
        .map(|index| Trampoline {
            body: Body::Spoiled,
            ..trampoline(page + index * TRAMPOLINE_BYTES, text)
        })
        .collect();
    let mut random = fastrand::Rng::with_seed(7);
    let before = code();
    let (mut passes_with_room, mut most) = (0, before);
    for pass in 0..3000 {
        let mut batch = Batch::default();
        let mut flips = Vec::new();
        for (index, site) in sites.iter_mut().enumerate() {
            let mut numbers: Vec<_> = (0..40).collect();
            random.shuffle(&mut numbers);
            let near = |n: &usize| Target {
                vtable: text + 0x10_0000 + n * 0x40,
                shim: text,
            };
            let targets: Vec<_> = numbers[..8].iter().map(near).collect();
            match publisher.prepare(site, Lead::Chain(&targets), &mut batch) {
                Ok(head) => flips.push((index, head)),
                Err(PrepareError::Patch(error)) => {
                    assert!(error.only_here && !error.is_refusal(), "{error}");
                    assert!(error.to_string().contains("no more of them"), "{error}");
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        if flips.len() == sites.len() {
            passes_with_room = pass + 1;
        }
        // SAFETY: nobody executes them.
        unsafe { publisher.commit(&batch) }.unwrap();
        for (index, head) in flips {
            sites[index].head = head;
        }
        if pass % 100 == 0 {
            let now = code();
            most = (most.0.max(now.0), most.1.max(now.1));
        }
    }
    let (mappings, bytes) = (most.0 - before.0, most.1 - before.1);
    println!("{passes_with_room} passes made new chains: {mappings} mappings, {bytes} bytes more");
    assert!(passes_with_room > 500 && passes_with_room < 2900);
    // What other tests do at the same time is little.
    assert!(bytes <= arenas::CEILING + (4 << 20), "{bytes} bytes");
    assert!(mappings <= 256, "{mappings} mappings");
}
