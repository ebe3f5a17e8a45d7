//! What refuses work in hand, as problems; the words stand in the translation files under `problem.<code>`.
//!
//! # Invariants
//! * Every enum is matched exhaustively, as in `problem`.

use super::problem::Problem;
use crate::archive::{BatchRefusal, BridgeRefusal, HandRefusal};

impl From<HandRefusal> for Problem {
    fn from(refusal: HandRefusal) -> Self {
        match refusal {
            HandRefusal::Result(refusal) => refusal.into(),
            HandRefusal::CertificateMissing => Self::new(400, "certificate_missing"),
            HandRefusal::Signer(why) => Self::new(422, "signer_not_usable").with_word(
                "reason",
                format!("not_usable.{}", why.code()),
                why.values(),
            ),
            HandRefusal::Algorithm(why) => {
                Self::new(422, "signature_algorithm_unfit").with("why", why)
            }
            HandRefusal::DeskFull => Self::new(503, "desk_full").retry(60),
            HandRefusal::NotFound(_) => Self::new(404, "not_found"),
            HandRefusal::Expired => Self::new(410, "work_expired"),
            HandRefusal::SignatureWrong(why) => Self::new(422, "signature_wrong").with("why", why),
            HandRefusal::CertificateDiffers => Self::new(422, "signer_differs"),
            HandRefusal::FinishedOtherwise => Self::new(409, "signature_taken"),
            HandRefusal::ShownOtherwise => Self::new(409, "shown_otherwise"),
            HandRefusal::NoRoom => Self::new(409, "signature_no_room"),
        }
    }
}

impl From<BridgeRefusal> for Problem {
    fn from(refusal: BridgeRefusal) -> Self {
        match refusal {
            BridgeRefusal::Hand(refusal) => refusal.into(),
            BridgeRefusal::TokenUsed => Self::new(410, "token_used"),
            BridgeRefusal::CameBack(why) => Self::told(422, &why.told()),
        }
    }
}

impl From<BatchRefusal> for Problem {
    fn from(refusal: BatchRefusal) -> Self {
        match refusal {
            BatchRefusal::Hand(refusal) => refusal.into(),
            BatchRefusal::List(fields) => Self::new(422, "batch_list_invalid").fields(fields),
            BatchRefusal::NoItems => Self::new(422, "batch_empty"),
            BatchRefusal::TooManyItems => Self::new(422, "batch_too_long"),
            BatchRefusal::KeyReused => Self::new(422, "idempotency_key_reused"),
            BatchRefusal::NoItem => Self::new(404, "not_found"),
            BatchRefusal::FileMismatch => Self::new(422, "batch_file_mismatch"),
            BatchRefusal::FilesMissing { count } => {
                Self::new(409, "batch_files_missing").with("count", count.to_string())
            }
            BatchRefusal::OtherList => Self::new(409, "batch_list_differs"),
            BatchRefusal::OtherCertificate => Self::new(409, "batch_certificate_differs"),
            BatchRefusal::State { state } => {
                Self::new(409, "batch_state").with("state", state.as_str())
            }
        }
    }
}
