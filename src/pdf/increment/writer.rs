//! The growing tail of a file: objects one after another, then their cross-reference section.

use super::section::{self, Placed, Trailer};
use crate::pdf::Refusal;
use crate::pdf::inspect::Inspected;
use crate::pdf::object::ObjId;

/// The growing tail with the places of its objects.
pub(super) struct Writer {
    pub base: usize,
    pub tail: Vec<u8>,
    pub placed: Vec<Placed>,
    /// One more than the highest number of the file so far.
    size: u32,
    trailer: Trailer,
}

impl Writer {
    /// Begins behind the last byte of the file.
    pub fn behind(doc: &Inspected<'_>, room_bytes: usize) -> Result<Writer, Refusal> {
        let mut tail = Vec::with_capacity(room_bytes);
        if !doc.bytes().ends_with(b"\n") {
            tail.push(b'\n');
        }
        Ok(Writer {
            base: doc.bytes().len(),
            tail,
            placed: Vec::new(),
            size: doc.next,
            trailer: Trailer::of(&doc.doc)?,
        })
    }

    pub fn here(&self) -> usize {
        self.base.saturating_add(self.tail.len())
    }

    pub fn begin(&mut self, id: ObjId) {
        self.size = self.size.max(id.number.saturating_add(1));
        self.placed.push(Placed {
            id,
            offset: self.here(),
        });
        self.tail
            .extend_from_slice(format!("{id} obj\n").as_bytes());
    }

    pub fn end(&mut self) {
        self.tail.extend_from_slice(b"\nendobj\n");
    }

    pub fn object(&mut self, id: ObjId, text: &[u8]) {
        self.begin(id);
        self.tail.extend_from_slice(text);
        self.end();
    }

    pub fn objects(&mut self, objects: &[(ObjId, Vec<u8>)]) {
        for (id, text) in objects {
            self.object(*id, text);
        }
    }

    /// The section, `startxref` and `%%EOF`; gives the tail.
    pub fn finish(mut self) -> Vec<u8> {
        let trailer = self.trailer.clone();
        let size = self.size;
        section::write(&mut self, &trailer, size);
        self.tail
    }
}

/// Hands out numbers that no section lists.
#[derive(Debug)]
pub(super) struct Numbers {
    next: u32,
    most: u32,
}

impl Numbers {
    pub fn behind(doc: &Inspected<'_>) -> Numbers {
        Numbers {
            next: doc.next,
            // The cross-reference stream takes the last one.
            most: doc.doc.limits.max_object_number.saturating_sub(1),
        }
    }

    pub fn peek(&self) -> u32 {
        self.next
    }

    pub fn take(&mut self) -> Result<ObjId, Refusal> {
        if self.next > self.most {
            return Err(Refusal::OverBudget {
                what: "object numbers",
            });
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        Ok(ObjId {
            number,
            generation: 0,
        })
    }
}
