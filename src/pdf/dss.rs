//! The document security store: certificates and revocation data that later readers need.
//!
//! ISO 32000-2 12.8.4.3; ETSI EN 319 142-1 5.4.2.
//!
//! # Invariants
//! * Each entry once, in the order of the arrays; what one signature's own entry (VRI) lists is read as well.
//! * An entry that cannot be read is left out: evidence that is not there proves nothing.
//!
//! # What is not here
//! * DER: whether an entry is what its array says, `pki` finds out.

use super::document::{Document, Followed};
use super::frame;
use super::object::{Dict, Item, ObjId, Value};
use super::{Limits, Refusal};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// DER as it stands in the streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dss {
    pub certificates: Vec<Vec<u8>>,
    pub crls: Vec<Vec<u8>>,
    /// Whole OCSPResponses (RFC 6960 4.2.1).
    pub ocsps: Vec<Vec<u8>>,
}

impl Dss {
    /// Of everything in it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let lists = [&self.certificates, &self.crls, &self.ocsps];
        let bytes: usize = lists.into_iter().flatten().map(Vec::len).sum();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.crls.is_empty() && self.ocsps.is_empty()
    }
}

/// The three arrays of the store and what they are called in the entry of one signature (tables 261 and 262).
pub(crate) const KEYS: [(&str, &str); 3] = [("Certs", "Cert"), ("OCSPs", "OCSP"), ("CRLs", "CRL")];

/// The store of the newest revision; none where the catalog names none.
///
/// # Errors
/// The file cannot be opened, or the store is larger than the budgets allow.
pub fn dss(bytes: &[u8], limits: &Limits) -> Result<Option<Dss>, Refusal> {
    let doc = Document::open(bytes, limits)?;
    read(&doc)
}

pub(crate) fn read(doc: &Document<'_>) -> Result<Option<Dss>, Refusal> {
    let catalog = doc.catalog()?;
    let Some(item) = catalog.dict().and_then(|dict| dict.item("DSS")) else {
        return Ok(None);
    };
    let followed = doc.follow(item)?;
    let Some(store) = followed.dict() else {
        return Ok(None);
    };
    let mut reader = Reader {
        doc,
        visited: HashSet::new(),
        bytes_left: doc.limits.max_evidence_bytes,
        entries_left: doc.limits.max_evidence_entries,
    };
    let mut lists: [List; KEYS.len()] = Default::default();
    for (list, (key, _)) in lists.iter_mut().zip(KEYS) {
        reader.array(store.item(key), list)?;
    }
    let vri = store.item("VRI").map(|item| doc.follow(item)).transpose()?;
    if let Some(vri) = vri.as_ref().and_then(Followed::dict) {
        for (_, item) in &vri.entries {
            reader.signature(item, &mut lists)?;
        }
    }
    let [certificates, ocsps, crls] = lists.map(|list| list.entries);
    Ok(Some(Dss {
        certificates,
        crls,
        ocsps,
    }))
}

#[derive(Default)]
struct List {
    entries: Vec<Vec<u8>>,
    known: HashSet<[u8; 32]>,
}

struct Reader<'d> {
    doc: &'d Document<'d>,
    visited: HashSet<ObjId>,
    bytes_left: u64,
    entries_left: usize,
}

impl<'d> Reader<'d> {
    fn signature(&mut self, item: &Item<'d>, lists: &mut [List]) -> Result<(), Refusal> {
        self.count()?;
        let followed = self.doc.follow(item)?;
        if let Some(entry) = followed.dict() {
            for (list, (_, key)) in lists.iter_mut().zip(KEYS) {
                self.array(entry.item(key), list)?;
            }
        }
        Ok(())
    }

    fn array(&mut self, item: Option<&Item<'d>>, list: &mut List) -> Result<(), Refusal> {
        let followed = item.map(|item| self.doc.follow(item)).transpose()?;
        let items = followed.as_ref().and_then(Followed::array);
        for item in items.unwrap_or_default() {
            self.count()?;
            let Some(id) = item.value.reference() else {
                continue;
            };
            if !self.visited.insert(id) {
                continue;
            }
            if let Some(bytes) = self.stream(id)?
                && list.known.insert(Sha256::digest(&bytes).into())
            {
                list.entries.push(bytes);
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), Refusal> {
        let left = self.entries_left.checked_sub(1);
        self.entries_left = left.ok_or(Refusal::OverBudget {
            what: "entries of the security store",
        })?;
        Ok(())
    }

    fn stream(&mut self, id: ObjId) -> Result<Option<Vec<u8>>, Refusal> {
        let too_much = || Refusal::OverBudget {
            what: "size of the security store",
        };
        let object = match self.doc.load(id) {
            Err(Refusal::OverBudget { what }) => return Err(Refusal::OverBudget { what }),
            Err(_) | Ok(None) => return Ok(None),
            Ok(Some(object)) => object,
        };
        let (Some(dict), Some(data)) = (stream_dict(&object.item.value), object.data) else {
            return Ok(None);
        };
        let budget = self.doc.limits.max_evidence_entry_bytes;
        let bytes = match frame::decoded(dict, data, budget.min(self.bytes_left), &self.doc.limits)
        {
            Ok(bytes) => bytes,
            Err(Refusal::OverBudget { .. }) => return Err(too_much()),
            Err(_) => return Ok(None),
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.bytes_left = self.bytes_left.checked_sub(size).ok_or_else(too_much)?;
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

fn stream_dict<'x, 'd>(value: &'x Value<'d>) -> Option<&'x Dict<'d>> {
    value.dict().filter(|dict| dict.duplicate.is_none())
}
