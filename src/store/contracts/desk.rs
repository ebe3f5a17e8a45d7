//! Work in hand: what was begun and is not a result yet.

use crate::record::Fault;

/// One kind of rows; damage to one leaves the others readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Drawer {
    /// Signatures that wait for a person's key.
    Signatures,
    /// Files that are out at a signing program on a person's machine.
    Bridges,
    Batches,
    /// What is to be done in a batch, item by item.
    Items,
    /// What became of the items.
    Outcomes,
}

impl Drawer {
    pub const ALL: [Drawer; 5] = [
        Drawer::Signatures,
        Drawer::Bridges,
        Drawer::Batches,
        Drawer::Items,
        Drawer::Outcomes,
    ];

    /// The first byte of its keys where an engine keeps all drawers together.
    #[must_use]
    pub const fn letter(self) -> u8 {
        match self {
            Drawer::Signatures => b's',
            Drawer::Bridges => b'v',
            Drawer::Batches => b'b',
            Drawer::Items => b'i',
            Drawer::Outcomes => b'o',
        }
    }
}

/// One row, readable or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskRow {
    pub key: Vec<u8>,
    /// `Err`: the row is there but can't be read back, and why.
    pub value: Result<Vec<u8>, String>,
}

/// A file in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskFile {
    pub name: String,
    pub bytes: u64,
}

/// Small rows and the files that belong to them, until they become results or are given up.
///
/// * **Durability.** `put`, `put_all` and `remove` are visible, durable after the next `sync`; callers at the same time share
///   flushes. Order is kept: a crash leaves a prefix of what was written. `put_file` is durable on return.
/// * **Concurrency.** Any number of threads. A row is replaced as a whole; who writes last wins, so whoever
///   decides about a row keeps others from deciding at the same time.
/// * **Retry.** Every call can be repeated.
/// * **Trust.** That rows are there and unchanged is checked by the engine (checksums); nothing here is a promise made to
///   anybody outside. Whoever reads a file hashes it.
/// * **Crash.** Inside `put`: the old row, the new one, or none. Inside `put_file`: no file of that name, or the whole of
///   it. Files without a row are waste, and whoever opens the archive removes them.
/// * **Damage.** A row that can't be read is named by its key and stays until it is removed; the others are given all the same.
///   A desk that can't be opened answers every call with the cause `Damaged`, and keeps nobody from the archive's results.
pub trait Desk: Send + Sync {
    fn put(&self, drawer: Drawer, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        self.put_all(drawer, &[(key.to_vec(), value.to_vec())])
    }

    /// In the order given.
    fn put_all(&self, drawer: Drawer, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), Fault>;

    fn remove(&self, drawer: Drawer, key: &[u8]) -> Result<(), Fault>;

    /// Waits until everything written so far is durable.
    fn sync(&self) -> Result<(), Fault>;

    fn row(&self, drawer: Drawer, key: &[u8]) -> Result<Option<DeskRow>, Fault>;

    /// Up to `limit` rows whose keys begin with `prefix`, in byte order, behind `after`.
    fn rows(
        &self,
        drawer: Drawer,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<DeskRow>, Fault>;

    /// Keeps a file, replacing one of the same name. Names are 1 to 80 of `a-z 0-9 -`.
    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), Fault>;

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, Fault>;

    fn remove_file(&self, name: &str) -> Result<(), Fault>;

    /// Every file whose name begins with `prefix`, by name.
    fn files(&self, prefix: &str) -> Result<Vec<DeskFile>, Fault>;

    /// Bytes of all files together.
    fn file_bytes(&self) -> Result<u64, Fault>;
}

/// Whether a file can have this name in every engine.
pub(in crate::store) fn check_name(name: &str) -> Result<(), Fault> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=80).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(Fault::plain(format!(
        "a file of work in hand can't be called {}",
        name.escape_debug()
    )))
}
