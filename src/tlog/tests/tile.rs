//! Paths and bundles.

use crate::tlog::{
    BundlePath, LogPath, PathText, TilePath, bundles_of, encode_bundle, split_bundle, tiles_of,
};

#[track_caller]
fn check(path: LogPath, text: &str) {
    assert_eq!(path.to_string(), text);
    assert_eq!(text.parse(), Ok(path));
}

fn tile(level: u8, index: u64, width: u16) -> LogPath {
    TilePath::new(level, index, width).unwrap().into()
}

#[test]
fn paths_are_written_in_groups_of_three_digits() {
    check(LogPath::Checkpoint, "checkpoint");
    check(tile(0, 0, 256), "tile/0/000");
    check(tile(0, 255, 256), "tile/0/255");
    check(tile(1, 1000, 256), "tile/1/x001/000");
    check(tile(2, 1_234_067, 1), "tile/2/x001/x234/067.p/1");
    check(tile(63, 1_000_000, 255), "tile/63/x001/x000/000.p/255");
    check(
        tile(0, u64::MAX, 256),
        "tile/0/x018/x446/x744/x073/x709/x551/615",
    );
    check(
        BundlePath::new(273, 112).unwrap().into(),
        "tile/entries/273.p/112",
    );
    check(BundlePath::new(67, 256).unwrap().into(), "tile/entries/067");
}

#[test]
fn every_other_path_is_refused() {
    for text in [
        "",
        "/checkpoint",
        "checkpoint/",
        "Checkpoint",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile//000",
        "tile/entry/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/x01/000",
        "tile/0/x001//000",
        "tile/0//000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/000.p",
        "tile/0/../../etc/passwd",
        "tile/0/%2e%2e",
        "tile/0/٠٠٠",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/8/0/000",
    ] {
        assert_eq!(text.parse::<LogPath>(), Err(PathText), "{text}");
    }
}

/// Full tiles and width of the partial one, level by level.
#[track_caller]
fn check_tiles(size: u64, expected: &[(usize, u16)]) {
    let tiles: Vec<_> = tiles_of(size).collect();
    for (level, (full, partial)) in (0u8..).zip(expected) {
        let of_level = tiles.iter().filter(|t| t.level() == level);
        let (whole, rest): (Vec<&TilePath>, Vec<&TilePath>) = of_level.partition(|t| t.is_full());
        let widths: Vec<_> = rest.iter().map(|t| t.width()).collect();
        assert_eq!(whole.len(), *full, "level {level} of {size}");
        assert_eq!(
            widths,
            if *partial == 0 {
                vec![]
            } else {
                vec![*partial]
            }
        );
    }
    let count: usize = expected
        .iter()
        .map(|(full, w)| full + usize::from(*w > 0))
        .sum();
    assert_eq!(tiles.len(), count);
}

#[test]
fn a_size_implies_its_tiles() {
    check_tiles(0, &[]);
    check_tiles(1, &[(0, 1)]);
    check_tiles(256, &[(1, 0), (0, 1)]);
    check_tiles(70_000, &[(273, 112), (1, 17), (0, 1)]);
    check_tiles(10_000_000, &[(39_062, 128), (152, 150), (0, 152)]);
    assert_eq!(bundles_of(0).count(), 0);
    assert_eq!(
        bundles_of(257).map(|b| b.width()).collect::<Vec<_>>(),
        [256, 1]
    );
}

#[test]
fn bundles_are_split_as_they_were_put_together() {
    let entries: [&[u8]; 4] = [b"a", b"", b"ccc", &[7; 65_535]];
    let bytes = encode_bundle(&entries).unwrap();
    assert_eq!(
        split_bundle(&bytes, 4),
        Some((entries.to_vec(), [].as_slice()))
    );
    assert_eq!(split_bundle(&bytes, 2).unwrap().0, entries[..2]);
    assert_eq!(split_bundle(&bytes, 5), None);
    assert_eq!(split_bundle(&bytes[..bytes.len() - 1], 4), None);
    assert_eq!(encode_bundle(&[vec![0; 65_536]]), None);
}
