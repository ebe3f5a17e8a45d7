//! The files of a batch, one request each.

use super::BatchRefusal;
use super::look::BatchState;
use super::row::{Item, State, file_name, item_key};
use crate::archive::gate::{Batching, Pass};
use crate::archive::hand::HandRefusal;
use crate::archive::open::Archive;
use crate::archive::work::{WorkId, load};
use crate::sign::Upload;
use crate::store::Drawer;

impl Archive {
    /// Keeps the file of one item, durably. The same again is fine.
    ///
    /// # Errors
    /// Not this batch's, not the listed file, or too late.
    pub fn put_batch_file(
        &self,
        pass: &Pass<Batching>,
        id: &WorkId,
        number: u32,
        upload: &Upload,
    ) -> Result<(), BatchRefusal> {
        let batch = self.batch_of(pass, id)?;
        match batch.state {
            State::Draft if self.now() > batch.expires_at => {
                return Err(HandRefusal::Expired.into());
            }
            State::Draft => {}
            other => {
                return Err(BatchRefusal::State {
                    state: BatchState::of(&other),
                });
            }
        }
        let desk = self.stores.desk.as_ref();
        let item: Item =
            load(desk, Drawer::Items, &item_key(id, number))?.ok_or(BatchRefusal::NoItem)?;
        if upload.sha256() != item.sha256 {
            return Err(BatchRefusal::FileMismatch);
        }
        let name = file_name(id, number);
        if desk.files(&name)?.iter().any(|file| file.name == name) {
            return Ok(());
        }
        self.room_for(upload.bytes().len())?;
        desk.put_file(&name, upload.bytes())?;
        Ok(())
    }
}
