//! What a file of a container is, by its name (EN 319 162-1 4.3.3, 4.4.3, A.7).

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Mimetype,
    /// What is signed.
    Data,
    /// `META-INF/*signature*.p7s`
    Cades,
    /// `META-INF/*signatures*.xml`
    Xades,
    /// `META-INF/*timestamp*.tst`
    Timestamp,
    /// `META-INF/ASiCManifest*.xml`
    Manifest,
    /// `META-INF/*ASiCArchiveManifest*.xml`
    ArchiveManifest,
    /// `META-INF/*evidencerecord*`, `META-INF/ASiCEvidenceRecordManifest*.xml`
    EvidenceRecord,
    /// Anything else in `META-INF`.
    Other,
}

impl Role {
    #[must_use]
    pub fn of(name: &str) -> Self {
        if name == super::MIMETYPE {
            return Self::Mimetype;
        }
        let Some(meta) = name.strip_prefix("META-INF/") else {
            return Self::Data;
        };
        let lower = meta.to_ascii_lowercase();
        if lower.contains('/') {
            return Self::Other;
        }
        let is_xml = lower.ends_with(".xml");
        if lower.contains("evidencerecord") {
            Self::EvidenceRecord
        } else if is_xml && lower.contains("asicarchivemanifest") {
            Self::ArchiveManifest
        } else if is_xml && lower.contains("asicmanifest") {
            Self::Manifest
        } else if lower.contains("signature") && lower.ends_with(".p7s") {
            Self::Cades
        } else if lower.contains("signatures") && is_xml {
            Self::Xades
        } else if lower.contains("timestamp") && lower.ends_with(".tst") {
            Self::Timestamp
        } else {
            Self::Other
        }
    }
}

/// The first of `META-INF/<stem>001<extension>`, `…002…`, … that is not taken.
#[must_use]
pub fn numbered(stem: &str, extension: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut number = 1_u32;
    loop {
        let name = format!("META-INF/{stem}{number:03}{extension}");
        if !taken(&name) || number == u32::MAX {
            return name;
        }
        number += 1;
    }
}
