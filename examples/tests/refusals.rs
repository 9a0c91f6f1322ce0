//! Bad input: one clear line, exit code 2, and nothing left behind.

mod support;

use std::fs;

use hound::SampleFormat;
use support::{Folder, assert_refused, assert_success, wav};

/// Runs the host on `IN.wav` with an older `out.wav` in place, and checks that
/// it refuses and leaves exactly these two, as they were.
#[track_caller]
fn assert_input_refused(bytes: &[u8], parts: &[&str]) {
    let folder = Folder::new();
    folder.file("in.wav", bytes);
    folder.file("out.wav", b"an older rendering");
    assert_refused(&folder.host(["in.wav", "-o", "out.wav"]), parts);
    assert_eq!(folder.names(), ["in.wav", "out.wav"]);
    assert_eq!(
        fs::read(folder.path("out.wav")).unwrap(),
        b"an older rendering"
    );
    assert_eq!(fs::read(folder.path("in.wav")).unwrap(), bytes);
}

/// The bytes of a valid recording, to be damaged.
fn recording(format: SampleFormat, bits: u16) -> Vec<u8> {
    let folder = Folder::new();
    fs::read(folder.recording("in.wav", wav(2, 48_000, bits, format))).unwrap()
}

#[test]
fn what_is_not_a_wav_file_is_refused() {
    assert_input_refused(b"", &["`in.wav`", "not a WAV file"]);
    assert_input_refused(
        b"ID3 this is an MP3, really",
        &["`in.wav`", "not a WAV file"],
    );
    assert_input_refused(&[0xff; 4096], &["`in.wav`", "not a WAV file"]);
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let whole = recording(SampleFormat::Int, 16);
    for length in [3, 11, 20, 43] {
        assert_input_refused(&whole[..length], &["`in.wav`", "not a WAV file"]);
    }
    for length in [44, 45, whole.len() / 2, whole.len() - 1] {
        assert_input_refused(&whole[..length], &["`in.wav`", "cut short"]);
    }
}

#[test]
fn a_file_without_samples_is_refused() {
    let mut empty = recording(SampleFormat::Int, 16)[..44].to_vec();
    empty[40..44].fill(0);
    assert_input_refused(&empty, &["`in.wav`", "no samples"]);
}

#[test]
fn an_unsupported_encoding_is_refused() {
    // 20 of 24 bits: the extensible header says so at offset 38.
    let mut twenty_bits = recording(SampleFormat::Int, 24);
    twenty_bits[38] = 20;
    assert_input_refused(&twenty_bits, &["`in.wav`", "20-bit PCM", "convert"]);
    // 6 is A-law.
    let mut a_law = recording(SampleFormat::Int, 16);
    a_law[20] = 6;
    assert_input_refused(&a_law, &["`in.wav`", "unsupported", "convert"]);
}

#[test]
fn samples_that_are_no_levels_are_refused() {
    for strange in [f32::NAN, f32::INFINITY, f32::MAX] {
        let mut bytes = recording(SampleFormat::Float, 32);
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&strange.to_le_bytes());
        assert_input_refused(&bytes, &["`in.wav`", "not a level"]);
    }
}

#[test]
fn a_header_with_any_byte_changed_never_makes_the_host_panic() {
    let folder = Folder::new();
    let whole = fs::read(folder.recording("in.wav", wav(3, 500, 24, SampleFormat::Int))).unwrap();
    for (position, bits) in (0..68).flat_map(|position| [(position, 0xa5), (position, 0x01)]) {
        let mut bytes = whole.clone();
        bytes[position] ^= bits;
        folder.file("in.wav", &bytes);
        let output = folder.host(["in.wav", "-o", "out.wav"]);
        // Some bytes mean nothing to the host: those may play.
        if output.status.success() {
            assert_success(&output);
        } else {
            assert_refused(&output, &["`in.wav`"]);
        }
    }
}

#[test]
fn a_missing_input_and_a_folder_as_input_are_refused() {
    let folder = Folder::new();
    fs::create_dir(folder.path("folder")).unwrap();
    assert_refused(
        &folder.host(["nowhere.wav"]),
        &["`nowhere.wav`", "cannot open"],
    );
    assert_refused(&folder.host(["folder"]), &["`folder`", "cannot open"]);
    assert_eq!(folder.names(), ["folder"]);
}

#[test]
fn a_missing_or_foreign_plugin_is_refused() {
    let folder = Folder::new();
    folder.file("out.wav", b"an older rendering");
    folder.file("text.so", b"no library at all");
    let host = |plugin: &str| folder.host(["--seconds", "1", "-o", "out.wav", "--plugin", plugin]);
    assert_refused(&host("nowhere.so"), &["`nowhere.so`", "--plugin"]);
    assert_refused(&host("."), &["plugin"]);
    assert_refused(&host("text.so"), &["text.so", "cannot use the plugin"]);
    if let Some(library) = a_library_that_is_no_plugin() {
        assert_refused(&host(&library), &[&library, "cannot use the plugin"]);
    }
    assert_eq!(folder.names(), ["out.wav", "text.so"]);
    assert_eq!(
        fs::read(folder.path("out.wav")).unwrap(),
        b"an older rendering"
    );
}

/// The C library of this very process, where the system tells.
fn a_library_that_is_no_plugin() -> Option<String> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let mut paths = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    paths
        .find(|path| path.contains("libc.so"))
        .map(str::to_owned)
}

#[test]
fn an_unwritable_output_is_refused() {
    let folder = Folder::new();
    fs::create_dir(folder.path("folder")).unwrap();
    let protected = folder.file("protected.wav", b"an older rendering");
    let mut permissions = fs::metadata(&protected).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&protected, permissions).unwrap();
    for name in [
        "nowhere/out.wav",
        "folder",
        "folder/..",
        "protected.wav",
        "protected.wav/x",
    ] {
        let output = folder.host(["--seconds", "1", "-o", name]);
        assert_refused(&output, &["cannot write", "-o"]);
    }
    assert_eq!(folder.names(), ["folder", "protected.wav"]);
    assert_eq!(fs::read(&protected).unwrap(), b"an older rendering");
}

#[cfg(unix)]
#[test]
fn a_device_is_not_replaced_by_the_output() {
    let folder = Folder::new();
    // A socket stands for the devices, which a test must not put at risk.
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
    assert_refused(
        &folder.host(["--seconds", "1", "-o", "socket"]),
        &["not a regular file"],
    );
    assert_eq!(folder.names(), ["socket"]);
}

#[test]
fn an_output_that_is_the_input_is_refused() {
    let folder = Folder::new();
    let input = folder.recording("in.wav", wav(1, 8_000, 16, SampleFormat::Int));
    let before = fs::read(&input).unwrap();
    assert_refused(
        &folder.host(["in.wav", "-o", "./in.wav"]),
        &["would replace the input"],
    );
    assert_eq!(fs::read(&input).unwrap(), before);
    assert_eq!(folder.names(), ["in.wav"]);
}
