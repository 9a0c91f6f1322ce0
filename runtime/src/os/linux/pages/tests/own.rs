//! Pages that stay the program's own file.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::*;

/// Code in a file that is mapped as a program's text is, with memory before and behind it
/// that nobody may touch.
pub(super) struct Text {
    file: File,
    range: Range<usize>,
}

impl Text {
    /// As many pages of NOPs, all in memory.
    pub(super) fn new(pages: usize) -> Self {
        let path = path();
        let text = Self::at(&path, pages);
        std::fs::remove_file(path).unwrap();
        text
    }

    /// The same in a file that keeps its name.
    fn at(path: &Path, pages: usize) -> Self {
        let length = pages * 4096;
        let options = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path);
        let mut file = options.unwrap();
        for _ in 0..pages {
            file.write_all(&[0x90; 4096]).unwrap();
        }
        let access = libc::PROT_READ | libc::PROT_EXEC;
        // SAFETY: fresh memory, and a file mapped over the middle of it.
        let start = unsafe {
            let none = (libc::PROT_NONE, libc::MAP_NORESERVE);
            let all = mapping::map(0, length + 8192, none.0, none.1, None).unwrap();
            let flags = libc::MAP_FIXED | libc::MAP_POPULATE;
            mapping::map(all + 4096, length, access, flags, Some((&file, 0))).unwrap()
        };
        Text {
            file,
            range: start..start + length,
        }
    }

    pub(super) fn page(&self, number: usize) -> usize {
        self.range.start + number * 4096
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        assert!(self.range.contains(&at));
        // SAFETY: mapped and readable.
        unsafe { ptr::read_volatile(at as *const u8) }
    }

    /// The mappings of it, and whether all are the file's own, each from where it was, and
    /// executable.
    fn mappings(&self) -> (usize, bool) {
        let inode = std::os::unix::fs::MetadataExt::ino(&self.file.metadata().unwrap());
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut lines = Vec::new();
        for line in maps.lines() {
            let start = usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap();
            if self.range.contains(&start) {
                let words = line.split_ascii_whitespace().collect::<Vec<_>>();
                let offset = usize::from_str_radix(words[2], 16).unwrap();
                lines.push((words[1], words[4], offset == start - self.range.start));
            }
        }
        let inode = inode.to_string();
        let own = lines
            .iter()
            .all(|&(rights, of, there)| rights == "r-xp" && of == inode && there);
        (lines.len(), own)
    }

    /// Writes as a debugger does.
    fn poke(at: usize, byte: u8) {
        let memory = File::options().write(true).open("/proc/self/mem").unwrap();
        memory.write_all_at(&[byte], at as u64).unwrap();
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: ours, and nobody has an address inside it.
        unsafe { mapping::unmap(self.range.start - 4096, self.range.len() + 8192) };
    }
}

/// A name that nobody else has.
fn path() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("static-call-text-{}-{number}", std::process::id());
    std::env::temp_dir().join(name)
}

fn edit(at: usize, bytes: &[u8]) -> Edit<'_> {
    Edit { at, bytes }
}

/// Whether all of it can be executed and nothing can be written.
pub(super) fn executable(text: &Text) -> bool {
    mappings().iter().all(|(place, rights)| {
        let start = usize::from_str_radix(place.split('-').next().unwrap(), 16).unwrap();
        !text.range.contains(&start) || rights == "r-xp"
    })
}

/// Makes edits to text that nobody executes.
pub(super) fn replace(memory: &mut Pages, edits: &[Edit<'_>]) -> Result<(), PatchError> {
    // SAFETY: the tests' texts are mapped and executed by nobody.
    unsafe { memory.replace(edits) }
}

#[test]
fn a_page_whose_single_instructions_change_stays_its_files_and_one_mapping() {
    let text = Text::new(64);
    let mut memory = pages();
    assert!(memory.keeps_files, "Linux 5.13 and later");
    for round in 1..=3_u8 {
        for number in (0..64).step_by(3) {
            let at = text.page(number) + 128;
            replace(&mut memory, &[edit(at, &[round; 5])]).unwrap();
            assert_eq!(
                (text.byte(at), text.byte(at + 4), text.byte(at + 5)),
                (round, round, 0x90)
            );
        }
        assert_eq!(text.mappings(), (1, true));
    }
}

#[test]
fn code_longer_than_a_word_makes_its_page_a_copy_for_good() {
    longer_than_a_word(false);
}

#[test]
fn a_copy_of_a_page_is_mapped_from_the_pages_own_file() {
    longer_than_a_word(true);
}

/// A page with long code is a copy for good, in a mapping of its file or of another.
fn longer_than_a_word(of_its_file: bool) {
    let path = path();
    let text = Text::at(&path, 16);
    let mut memory = pages();
    assert!(memory.copies_files);
    memory.copies_files = of_its_file;
    replace(
        &mut memory,
        &[edit(text.page(3), &[1; 8]), edit(text.page(9), &[1; 8])],
    )
    .unwrap();
    assert_eq!(text.mappings(), (1, true));
    replace(&mut memory, &[edit(text.page(3) + 8, &[2; 40])]).unwrap();
    assert_eq!(text.mappings(), (3, of_its_file));
    // A word later, at the same place: it would be zeros, or what the file holds, meanwhile.
    replace(
        &mut memory,
        &[edit(text.page(3), &[3; 8]), edit(text.page(9), &[3; 8])],
    )
    .unwrap();
    assert_eq!(text.mappings(), (3, of_its_file));
    let bytes = [0, 8, 47, 48].map(|offset| text.byte(text.page(3) + offset));
    assert_eq!((bytes, text.byte(text.page(9))), ([3, 2, 2, 0x90], 3));
    assert_eq!(memory.ledger().came(text.page(3)), Some(Came::Copied));
    assert_eq!(memory.ledger().came(text.page(9)), Some(Came::Own));
    // Without the name the file is another's, or nobody's: a copy all the same.
    std::fs::rename(&path, path.with_extension("gone")).unwrap();
    std::fs::write(&path, [0xCC; 4096]).unwrap();
    replace(&mut memory, &[edit(text.page(3) + 8, &[4; 40])]).unwrap();
    let bytes = [0, 8, 47, 48].map(|offset| text.byte(text.page(3) + offset));
    assert_eq!(bytes, [3, 4, 4, 0x90]);
    std::fs::remove_file(path.with_extension("gone")).unwrap();
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_mapping_with_a_copy_in_it_is_never_moved_aside_as_a_whole() {
    let path = path();
    let text = Text::at(&path, 16);
    let mut memory = pages();
    // One mapping of which any part comes and goes, and a copy right beside it, which the
    // kernel may take for a part of that.
    replace(&mut memory, &[edit(text.page(4) + 8, &[2; 40])]).unwrap();
    for number in [3, 5, 1, 8] {
        replace(&mut memory, &[edit(text.page(number), &[1; 8])]).unwrap();
        let whole = memory.ledger().joined_around(text.page(number));
        assert!(whole.is_none_or(|whole| !whole.contains(&text.page(4))));
        assert_eq!(text.byte(text.page(4) + 8), 2);
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_word_is_a_word_only_if_it_is_aligned() {
    let text = Text::new(4);
    let mut memory = pages();
    replace(&mut memory, &[edit(text.page(1) + 4, &[1; 5])]).unwrap();
    assert_eq!(memory.ledger().came(text.page(1)), Some(Came::Copied));
}

#[test]
fn thousands_of_pages_in_a_hundred_megabytes_are_one_mapping_still() {
    let text = Text::new(25_600);
    let mut memory = pages();
    let places: Vec<_> = (0..10_000)
        .map(|index| text.range.start + index * 10_240 / 8 * 8)
        .collect();
    for byte in [7, 8] {
        let bytes = [byte; 5];
        let edits: Vec<_> = places.iter().map(|&at| edit(at, &bytes)).collect();
        let start = Instant::now();
        replace(&mut memory, &edits).unwrap();
        println!(
            "10,000 keys on 10,000 of 25,600 pages: {:?}",
            start.elapsed()
        );
        assert!(places.iter().all(|&at| text.byte(at) == byte));
        assert_eq!(text.mappings(), (1, true));
    }
    let sparse: Vec<_> = (0..120)
        .map(|index| edit(text.page(index * 213), &[9]))
        .collect();
    let start = Instant::now();
    replace(&mut memory, &sparse).unwrap();
    println!("120 keys on 120 pages far apart: {:?}", start.elapsed());
    assert_eq!(text.mappings(), (1, true));
    assert_eq!(memory.ledger().mappings(), 0);
}

#[test]
fn mappings_that_cannot_be_joined_are_counted_and_end_at_the_limit() {
    for keeps_files in [true, false] {
        let text = Text::new(64);
        let mut memory = pages();
        memory.keeps_files = keeps_files;
        memory.limit = 20;
        memory.ledger().note_mapping(text.range.clone(), false);
        let replaced = (0..64).step_by(12).chain(3..4).chain((0..64).step_by(2));
        let results: Vec<_> = replaced
            .map(|number| replace(&mut memory, &[edit(text.page(number), &[1])]))
            .collect();
        let (count, _) = text.mappings();
        assert!((15..=21).contains(&count), "{count} mappings");
        let error = results
            .into_iter()
            .find_map(Result::err)
            .expect("the limit");
        assert!(error.only_here && !error.is_refusal(), "{error}");
        assert!(error.to_string().contains("mappings"), "{error}");
    }
}

#[test]
fn a_page_with_a_breakpoint_is_left_alone_until_it_is_gone() {
    for keeps_files in [true, false] {
        let text = Text::new(16);
        let mut memory = pages();
        memory.keeps_files = keeps_files;
        let (key, breakpoint) = (text.page(5) + 64, text.page(5) + 1000);
        Text::poke(breakpoint, BREAKPOINT);
        let others = [text.page(3), text.page(7)].map(|at| edit(at, &[1; 5]));
        let error = replace(&mut memory, &[others[1], edit(key, &[1; 5]), others[0]]).unwrap_err();
        assert!(
            error.only_here && error.to_string().contains("breakpoint"),
            "{error}"
        );
        assert_eq!((error.applied, error.below, error.at_rest), (1, key, 0..0));
        assert!(memory.admit(key).unwrap_err().only_here);
        assert!(memory.admit(text.page(6)).is_ok());
        assert_eq!(
            [text.page(3), key, text.page(7)].map(|at| text.byte(at)),
            [1, 0x90, 0x90]
        );
        assert_eq!(text.byte(breakpoint), BREAKPOINT);
        // Pages around it are replaced without it, also where gaps are closed.
        replace(&mut memory, &others).unwrap();
        assert_eq!(text.byte(breakpoint), BREAKPOINT);
        assert_eq!(memory.ledger().came(text.page(5)), None);
        // As it was: a copy of the page that is the same as the file.
        Text::poke(breakpoint, 0x90);
        assert_eq!(text.byte(breakpoint), 0x90);
        thread::sleep(Duration::from_millis(5));
        let compared = replace(&mut memory, &[edit(key, &[1; 5])]);
        // The file has no name any more: only the privileged can compare.
        match compared {
            Ok(()) => assert_eq!(text.byte(key), 1),
            Err(error) => assert!(error.to_string().contains("cannot be read"), "{error}"),
        }
    }
}

// Five pages of this program's own text, which nobody executes.
std::arch::global_asm!(
    ".pushsection static_call_text_of_gap_tests, \"ax\", @progbits",
    ".balign 4096",
    ".hidden static_call_os_tests_five_pages",
    ".globl static_call_os_tests_five_pages",
    "static_call_os_tests_five_pages:",
    ".fill 20480, 1, 0x90",
    ".popsection",
);
unsafe extern "C" {
    fn static_call_os_tests_five_pages();
}

#[test]
fn a_page_with_a_breakpoint_between_two_others_is_not_copied_along() {
    let start = static_call_os_tests_five_pages as *const () as usize;
    let page = |number: usize| start + number * 4096;
    let mut memory = pages();
    memory.keeps_files = false;
    Text::poke(page(1) + 100, BREAKPOINT);
    replace(
        &mut memory,
        &[page(0), page(2), page(4)].map(|at| edit(at, &[1; 5])),
    )
    .unwrap();
    let came = [0, 1, 2, 3, 4].map(|number| memory.ledger().came(page(number)).is_some());
    Text::poke(page(1) + 100, 0x90);
    assert_eq!(
        came,
        [true, false, true, true, true],
        "the fourth is closed"
    );
}

#[test]
fn two_versions_that_replace_pages_of_one_text_at_once_lose_nothing_of_each_other() {
    let text = Text::new(64);
    let ready = std::sync::Barrier::new(2);
    thread::scope(|scope| {
        for own in [[3, 40], [20, 60]] {
            let (text, ready) = (&text, &ready);
            scope.spawn(move || {
                // Each knows of its own pages only, and moves those of the other along.
                let mut memory = pages();
                let places = own.map(|number| text.page(number) + 64);
                ready.wait();
                for round in 0..2000_u32 {
                    let byte = u8::try_from(round % 100).unwrap();
                    let bytes = [byte; 5];
                    replace(&mut memory, &places.map(|at| edit(at, &bytes))).unwrap();
                    // While the other moves pages their place shows the file.
                    let _held = lock::hold();
                    assert_eq!(
                        places.map(|at| text.byte(at + 4)),
                        [byte; 2],
                        "round {round}"
                    );
                }
            });
        }
    });
    assert_eq!(
        [3, 40, 20, 60].map(|number| text.byte(text.page(number) + 64)),
        [99; 4]
    );
}

/// A probe of the kernel's in a file's code, as perf and bpftrace set them.
struct Probe {
    name: String,
}

impl Probe {
    const TRACING: &str = "/sys/kernel/tracing";

    /// `None` where the kernel lets nobody trace here.
    fn set(path: &Path, offset: usize) -> Option<Self> {
        let name = format!("probe_{}_{offset:x}", std::process::id());
        let events = format!("{}/uprobe_events", Self::TRACING);
        let mut events = File::options().append(true).open(events).ok()?;
        let event = format!("p:static_call/{name} {}:{offset:#x}\n", path.display());
        events.write_all(event.as_bytes()).ok()?;
        let probe = Probe { name };
        probe.enable("1");
        Some(probe)
    }

    fn enable(&self, how: &str) {
        let file = format!("{}/events/static_call/{}/enable", Self::TRACING, self.name);
        std::fs::write(file, how).unwrap();
    }

    /// How often it was hit.
    fn hits(&self) -> u64 {
        let profile = std::fs::read_to_string(format!("{}/uprobe_profile", Self::TRACING));
        let profile = profile.unwrap();
        // Its file, its event, hits.
        let line = profile.lines().find(|line| line.contains(&self.name));
        let hits = line.and_then(|line| line.split_ascii_whitespace().last());
        hits.map_or(0, |hits| hits.parse().unwrap())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.enable("0");
        let events = format!("{}/uprobe_events", Self::TRACING);
        let mut events = File::options().append(true).open(events).unwrap();
        let event = format!("-:static_call/{}\n", self.name);
        events.write_all(event.as_bytes()).unwrap();
    }
}

// What it executes are this processor's instructions.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_probe_of_the_kernels_is_left_alone_before_the_first_edit_and_works_on_after_it() {
    let path = path();
    let text = Text::at(&path, 16);
    let mut memory = pages();
    // `ret`, and a place of its own to begin at for each page.
    for number in 0..16 {
        text.file
            .write_all_at(&[0xC3], number * 4096 + 200)
            .unwrap();
    }
    // SAFETY: NOPs and a return.
    let call = |at: usize| unsafe { std::mem::transmute::<usize, extern "C" fn()>(at)() };
    // `nop dword ptr [rax + rax]`, a key.
    let key = [0x0F, 0x1F, 0x44, 0, 0];
    replace(&mut memory, &[edit(text.page(9) + 64, &key)]).unwrap();
    let Some(probes) = [5, 9]
        .map(|number| Probe::set(&path, number * 4096 + 100))
        .into_iter()
        .collect::<Option<Vec<_>>>()
    else {
        std::fs::remove_file(&path).unwrap();
        return println!("nobody may trace here: a debugger's breakpoint stands for it");
    };
    assert_eq!(
        [5, 9].map(|number| text.byte(text.page(number) + 100)),
        [BREAKPOINT; 2]
    );
    for _ in 0..100 {
        let error = replace(&mut memory, &[edit(text.page(5) + 64, &key)]).unwrap_err();
        assert!(
            error.only_here && error.to_string().contains("breakpoint"),
            "{error}"
        );
        replace(&mut memory, &[edit(text.page(9) + 64, &key)]).unwrap();
        for number in [5, 9] {
            call(text.page(number));
        }
    }
    let hits: Vec<_> = probes.iter().map(Probe::hits).collect();
    drop(probes);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(hits, [100, 100]);
    assert_eq!(
        [5, 9].map(|number| text.byte(text.page(number) + 100)),
        [0x90; 2]
    );
    assert_eq!(text.byte(text.page(9) + 64), key[0]);
    for number in [5, 9] {
        call(text.page(number));
    }
}

#[test]
fn a_thread_that_executes_a_page_that_is_aside_runs_what_the_file_holds() {
    let start = static_call_os_tests_keyed as *const () as usize;
    let mut memory = pages();
    let stop = AtomicBool::new(false);
    let seen: [AtomicU64; 3] = array::from_fn(|_| AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                // SAFETY: the function below, which takes nothing.
                let answer = unsafe { static_call_os_tests_keyed() };
                seen[usize::try_from(answer.min(2)).unwrap()].fetch_add(1, Ordering::Relaxed);
            }
        });
        for flip in 0..20_000_000 {
            // The thread may wait for a processor meanwhile.
            let both = [&seen[0], &seen[1]].map(|seen| seen.load(Ordering::Relaxed) > 0);
            if flip >= 20_000 && both == [true; 2] {
                break;
            }
            // A jump over the instruction behind it, and back.
            let bytes = if flip % 2 == 0 {
                arch::key_on(start + 8, start + 8 + arch::KEY_BYTES + CLEARS).unwrap()
            } else {
                arch::key_off()
            };
            // SAFETY: one instruction in one word, right with both and with the file's.
            unsafe { memory.replace(&[edit(start + 8, &bytes)]) }.unwrap();
            memory.barrier().unwrap();
            // SAFETY: as above.
            let answer = unsafe { static_call_os_tests_keyed() };
            assert_eq!(answer, u64::from(flip % 2 == 0));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let [off, on, wrong] = seen.map(AtomicU64::into_inner);
    println!("{off} calls off, {on} on, {wrong} wrong");
    assert!(wrong == 0 && off > 0 && on > 0);
    assert_eq!(memory.ledger().came(start), Some(Came::Own));
}

#[cfg(target_arch = "x86_64")]
macro_rules! returns_one {
    () => {
        "mov eax, 1"
    };
}
#[cfg(target_arch = "x86_64")]
macro_rules! clears {
    () => {
        "xor eax, eax"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! returns_one {
    () => {
        "mov x0, 1"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! clears {
    () => {
        "mov x0, 0"
    };
}

/// How long that instruction is.
const CLEARS: usize = if cfg!(target_arch = "x86_64") { 2 } else { 4 };

// `1`, or `0` behind a key at rest, in a page of its own.
std::arch::global_asm!(
    ".pushsection static_call_text_of_own_tests, \"ax\", @progbits",
    ".balign 4096",
    ".hidden static_call_os_tests_keyed",
    ".globl static_call_os_tests_keyed",
    "static_call_os_tests_keyed:",
    returns_one!(),
    ".balign 8",
    crate::assembly!(key),
    clears!(),
    crate::assembly!(return),
    ".balign 4096",
    ".popsection",
);
unsafe extern "C" {
    fn static_call_os_tests_keyed() -> u64;
}
