//! What the packet filter makes of its own traffic, of captures and of what is none.

mod support;

use std::fs;
use std::process::Output;

use support::{Folder, assert_refused_by, stderr, stdout};

#[track_caller]
fn assert_filtered(output: &Output) {
    let said = stdout(output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(output));
    assert!(said.contains("verdicts: equal"), "{said}");
    assert_eq!(stderr(output), "");
    let last = said.lines().last().expect("a last line");
    assert!(last.starts_with("static calls: "), "{last}");
    assert!(last.ends_with(" with the plugin"), "{last}");
}

#[track_caller]
fn assert_refused(output: &Output, parts: &[&str]) {
    assert_refused_by("packet-filter", output, parts);
}

/// The number of packets, and of those that were accepted, dropped, truncated and not IP in
/// the last pass.
fn counts(output: &Output) -> [u64; 5] {
    let said = stdout(output);
    let line = said.lines().rfind(|line| line.contains(" packets: "));
    let line = line.unwrap_or_else(|| panic!("no counts: {said}"));
    let numbers = line.split(|c: char| !c.is_ascii_digit());
    let numbers: Vec<u64> = numbers.filter_map(|number| number.parse().ok()).collect();
    numbers.try_into().expect("five numbers")
}

/// A pcap file in microseconds, of captured bytes and their lengths on the wire.
fn pcap(link: u32, packets: &[(&[u8], u32)]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
    file.extend_from_slice(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
    file.extend_from_slice(&link.to_le_bytes());
    for (at, (bytes, length)) in (0_u32..).zip(packets) {
        let captured = u32::try_from(bytes.len()).expect("a short packet");
        for field in [1_700_000_000 + at, 123_456, captured, *length] {
            file.extend_from_slice(&field.to_le_bytes());
        }
        file.extend_from_slice(bytes);
    }
    file
}

/// A block of a pcapng file.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().div_ceil(4) * 4;
    let length = u32::try_from(padded + 12)
        .expect("a short block")
        .to_le_bytes();
    let mut block = kind.to_le_bytes().to_vec();
    block.extend_from_slice(&length);
    block.extend_from_slice(body);
    block.resize(8 + padded, 0);
    block.extend_from_slice(&length);
    block
}

/// A pcapng file with one section and these interfaces; packets are of the interface with
/// their number.
fn pcapng(links: &[u16], packets: &[(u32, &[u8])]) -> Vec<u8> {
    let mut head = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
    head.extend_from_slice(&[1, 0, 0, 0]);
    head.extend_from_slice(&[0xff; 8]);
    let mut file = block(0x0a0d_0d0a, &head);
    for link in links {
        let [low, high] = link.to_le_bytes();
        file.extend_from_slice(&block(1, &[low, high, 0, 0, 0, 0, 4, 0]));
    }
    for (interface, bytes) in packets {
        let length = u32::try_from(bytes.len()).expect("a short packet");
        let mut body = Vec::new();
        for field in [*interface, 0x0005_f5e1, 0, length, length] {
            body.extend_from_slice(&field.to_le_bytes());
        }
        body.extend_from_slice(bytes);
        file.extend_from_slice(&block(6, &body));
    }
    file
}

/// An IPv4 packet of UDP to that port, without a payload.
fn udp(port: u16) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend_from_slice(&[10, 1, 0, 1, 10, 1, 0, 2]);
    packet.extend_from_slice(&40_000_u16.to_be_bytes());
    packet.extend_from_slice(&port.to_be_bytes());
    packet.extend_from_slice(&[0, 8, 0, 0]);
    packet
}

/// The packet in an Ethernet frame, behind these tags of VLANs.
fn ethernet(vlans: &[u16], packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2; 12];
    for vlan in vlans {
        frame.extend_from_slice(&[0x81, 0]);
        frame.extend_from_slice(&vlan.to_be_bytes());
    }
    frame.extend_from_slice(&[8, 0]);
    frame.extend_from_slice(packet);
    frame
}

fn filter(folder: &Folder, capture: &[u8], rules: &str) -> Output {
    folder.file("in.pcap", capture);
    folder.file("rules", rules.as_bytes());
    let output = folder.filter(["in.pcap", "--rules", "rules", "-o", "out.pcap"]);
    assert_filtered(&output);
    output
}

#[test]
fn plain_and_static_calls_accept_the_same_and_the_result_can_be_filtered_again() {
    let folder = Folder::new();
    for calls in ["plain", "static"] {
        let out = format!("{calls}.pcap");
        let output = folder.filter(["--packets", "5000", "--calls", calls, "-o", &out]);
        assert_filtered(&output);
    }
    let bytes = |name: &str| fs::read(folder.path(name)).expect("the output");
    assert_eq!(bytes("plain.pcap"), bytes("static.pcap"));

    let first = folder.filter(["--packets", "5000"]);
    for calls in ["plain", "static"] {
        let output = folder.filter(["plain.pcap", "--calls", calls, "-o", "again.pcap"]);
        assert_filtered(&output);
        // What was accepted is accepted again, and nothing was left out.
        let [all, accepted, dropped, truncated, not_ip] = counts(&output);
        assert_eq!([all, accepted], [counts(&first)[1]; 2]);
        assert_eq!([dropped, truncated, not_ip], [0; 3]);
        assert_eq!(bytes("again.pcap"), bytes("plain.pcap"));
    }
    assert_eq!(folder.names(), ["again.pcap", "plain.pcap", "static.pcap"]);
}

#[test]
fn the_plugins_rule_decides_from_half_way_on() {
    let folder = Folder::new();
    let output = folder.filter(["--packets", "5000"]);
    assert_filtered(&output);
    let said = stdout(&output);
    let position = |part: &str| {
        said.find(part)
            .unwrap_or_else(|| panic!("no `{part}`: {said}"))
    };
    assert!(position("before the plugin:") < position("loaded `"));
    assert!(position("loaded `") < position("with the plugin:"));
    let row = said.lines().find(|line| line.contains("  scan 16"));
    let hits: Vec<_> = row.expect("the rule").split_whitespace().rev().collect();
    assert_eq!(hits[1], "0");
    assert_ne!(hits[0], "0");
}

#[test]
fn every_link_type_is_read() {
    let folder = Folder::new();
    let cooked =
        |packet: &[u8]| [&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0], packet].concat();
    let cooked2 = |packet: &[u8]| {
        let head = [8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0];
        [&head, packet].concat()
    };
    for (link, inside) in [
        (1, ethernet(&[], &udp(53))),
        (1, ethernet(&[7], &udp(53))),
        (1, ethernet(&[7, 8], &udp(53))),
        (101, udp(53)),
        (113, cooked(&udp(53))),
        (276, cooked2(&udp(53))),
    ] {
        let length = u32::try_from(inside.len()).unwrap();
        let capture = pcap(link, &[(&inside, length)]);
        let output = filter(&folder, &capture, "accept ports udp to 53");
        assert_eq!(counts(&output), [1, 1, 0, 0, 0], "link type {link}");
        let output = filter(&folder, &capture, "drop ports udp to 53\ndefault accept");
        assert_eq!(counts(&output), [1, 0, 1, 0, 0], "link type {link}");
    }
}

#[test]
fn the_outer_tag_is_the_vlan() {
    let folder = Folder::new();
    let frames = [
        ethernet(&[7, 8], &udp(1)),
        ethernet(&[8], &udp(1)),
        ethernet(&[], &udp(1)),
    ];
    let frames = frames.each_ref().map(|frame| (&frame[..], 60));
    let output = filter(&folder, &pcap(1, &frames), "accept vlan 7");
    assert_eq!(counts(&output), [3, 1, 2, 0, 0]);
}

#[test]
fn a_pcapng_file_is_read_with_all_its_interfaces() {
    let folder = Folder::new();
    let (framed, bare) = (ethernet(&[], &udp(53)), udp(54));
    let file = pcapng(&[1, 101], &[(0, &framed), (1, &bare), (0, &framed)]);
    folder.file("in.pcapng", &file);
    folder.file("rules", b"accept ports udp to 53");
    let output = folder.filter(["in.pcapng", "--rules", "rules", "-o", "out.pcap"]);
    assert_filtered(&output);
    assert_eq!(counts(&output), [3, 2, 1, 0, 0]);
    assert_eq!(
        fs::read(folder.path("out.pcap")).unwrap().len(),
        24 + 2 * (16 + framed.len())
    );

    // A pcap file has one link type.
    folder.file("rules", b"accept ports udp to 53-54");
    fs::remove_file(folder.path("out.pcap")).unwrap();
    let output = folder.filter(["in.pcapng", "--rules", "rules", "-o", "out.pcap"]);
    assert_refused(&output, &["`", "out.pcap`", "several link types"]);
    assert_eq!(folder.names(), ["in.pcapng", "rules"]);

    // Without a file to write that is no matter.
    assert_filtered(&folder.filter(["in.pcapng", "--rules", "rules"]));
}

#[test]
fn truncated_packets_and_files_are_counted() {
    let folder = Folder::new();
    let whole = ethernet(&[], &udp(53));
    // All that ends inside a header; the rest of a payload is missed by nobody.
    for length in (0..whole.len()).step_by(4) {
        let capture = pcap(1, &[(&whole[..length], 42), (&whole, 42)]);
        let output = filter(&folder, &capture, "accept ports udp to 53");
        assert_eq!(counts(&output), [2, 1, 0, 1, 0], "{length} bytes");
    }
    // The last packet of a file that ends early.
    let capture = pcap(1, &[(&whole, 42), (&whole, 42)]);
    for missing in [1, whole.len(), whole.len() + 15] {
        let capture = &capture[..capture.len() - missing];
        let output = filter(&folder, capture, "accept ports udp to 53");
        assert_eq!(counts(&output), [1, 1, 0, 1, 0], "{missing} missing");
    }
    // Address resolution.
    let mut other = whole.clone();
    other[13] = 6;
    let output = filter(&folder, &pcap(1, &[(&other, 42)]), "accept protocol udp");
    assert_eq!(counts(&output)[..3], [1, 0, 0]);
}

#[test]
fn what_is_no_capture_is_refused() {
    let folder = Folder::new();
    let refused = |bytes: &[u8], parts: &[&str]| {
        folder.file("in.pcap", bytes);
        folder.file("out.pcap", b"an older result");
        assert_refused(&folder.filter(["in.pcap", "-o", "out.pcap"]), parts);
        assert_eq!(folder.names(), ["in.pcap", "out.pcap"]);
        assert_eq!(
            fs::read(folder.path("out.pcap")).unwrap(),
            b"an older result"
        );
    };
    refused(b"", &["`in.pcap`", "not a capture"]);
    refused(
        b"GIF89a, a picture of a packet",
        &["`in.pcap`", "not a capture"],
    );
    refused(&pcap(1, &[])[..20], &["`in.pcap`", "not a capture"]);
    refused(&pcap(1, &[]), &["`in.pcap`", "no whole packet"]);
    refused(
        &pcap(105, &[(&[0; 60], 60)]),
        &["`in.pcap`", "link type 105"],
    );
    let mut damaged = pcap(1, &[(&[0; 60], 60)]);
    damaged[24 + 11] = 0x7f;
    refused(&damaged, &["`in.pcap`", "no whole packet"]);
    refused(
        &pcapng(&[1], &[(5, &[0; 60])]),
        &["`in.pcap`", "damaged at packet 1", "interface"],
    );
}

#[test]
fn a_capture_with_a_byte_changed_never_makes_the_filter_panic() {
    let folder = Folder::new();
    let frame = ethernet(&[7], &udp(53));
    let files = [
        pcap(1, &[(&frame, 60), (&frame, 60)]),
        pcapng(&[1], &[(0, &frame)]),
    ];
    for whole in files {
        for position in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[position] ^= 0xa5;
            folder.file("in.pcap", &bytes);
            let output = folder.filter(["in.pcap"]);
            // Some bytes mean nothing to the filter: those may pass.
            if output.status.success() {
                assert_filtered(&output);
            } else {
                assert_refused(&output, &["`in.pcap`"]);
            }
        }
    }
}

#[test]
fn missing_files_foreign_plugins_and_rules_that_are_none_are_refused() {
    let folder = Folder::new();
    fs::create_dir(folder.path("folder")).unwrap();
    folder.file("rules", b"accept protocol tcp\ndrop prots tcp to 1\n");
    folder.file("text.so", b"no library at all");
    for (arguments, parts) in [
        (
            ["nowhere.pcap", "-o", "out.pcap"],
            &["`nowhere.pcap`", "cannot read"][..],
        ),
        (["folder", "-o", "out.pcap"], &["`folder`", "cannot read"]),
        (
            ["--rules=nowhere", "-o", "out.pcap"],
            &["`nowhere`", "--rules"],
        ),
        (
            ["--rules=rules", "-o", "out.pcap"],
            &["`rules`, line 2", "`prots`", "`ports`"],
        ),
        (
            ["--plugin=nowhere.so", "-o", "out.pcap"],
            &["`nowhere.so`", "--plugin"],
        ),
        (
            ["--plugin=text.so", "--packets", "100"],
            &["text.so", "cannot use the plugin"],
        ),
        (
            ["--packets=100", "-o", "nowhere/out.pcap"],
            &["cannot write", "-o"],
        ),
        (["--packets=100", "-o", "folder"], &["cannot write", "-o"]),
    ] {
        assert_refused(&folder.filter(arguments), parts);
        assert_eq!(folder.names(), ["folder", "rules", "text.so"]);
    }
}

#[test]
fn an_output_that_is_the_input_is_refused() {
    let folder = Folder::new();
    let capture = pcap(1, &[(&ethernet(&[], &udp(53)), 60)]);
    folder.file("in.pcap", &capture);
    assert_refused(
        &folder.filter(["in.pcap", "-o", "./in.pcap"]),
        &["would replace the input"],
    );
    assert_eq!(fs::read(folder.path("in.pcap")).unwrap(), capture);
    assert_eq!(folder.names(), ["in.pcap"]);
}

#[test]
fn the_same_seed_makes_the_same_traffic_and_another_seed_other() {
    let folder = Folder::new();
    let bytes = |seed: &str| {
        let output = folder.filter(["--packets", "1000", "--seed", seed, "-o", "out.pcap"]);
        assert_filtered(&output);
        fs::read(folder.path("out.pcap")).unwrap()
    };
    let first = bytes("1");
    assert_eq!(first, bytes("1"));
    assert_ne!(first, bytes("2"));
}
