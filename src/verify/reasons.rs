//! Collecting what was found about one signature, and what it does to the indication.

use super::indication::{Indication, SubIndication};
use super::report::{Reason, TimestampReport, Weight};

/// The running verdict on one signature: it only ever gets worse.
#[derive(Debug, Clone)]
pub(super) struct Findings {
    pub indication: Indication,
    pub sub_indication: Option<SubIndication>,
    pub reasons: Vec<Reason>,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            indication: Indication::TotalPassed,
            sub_indication: None,
            reasons: Vec::new(),
        }
    }
}

impl Findings {
    pub fn fail(
        &mut self,
        sub: SubIndication,
        code: &str,
        clause: &'static str,
        detail: impl Into<String>,
    ) {
        self.worsen(Indication::TotalFailed, sub);
        self.push(code, Weight::Fail, clause, detail);
    }

    pub fn doubt(
        &mut self,
        sub: SubIndication,
        code: &str,
        clause: &'static str,
        detail: impl Into<String>,
    ) {
        self.worsen(Indication::Indeterminate, sub);
        self.push(code, Weight::Fail, clause, detail);
    }

    pub fn warn(&mut self, code: &str, clause: &'static str, detail: impl Into<String>) {
        self.push(code, Weight::Warn, clause, detail);
    }

    pub fn info(&mut self, code: &str, clause: &'static str, detail: impl Into<String>) {
        self.push(code, Weight::Info, clause, detail);
    }

    pub fn passed(&self) -> bool {
        self.indication == Indication::TotalPassed
    }

    /// The verdict on the only thing inside becomes that of the whole.
    pub fn take(&mut self, inner: &TimestampReport) {
        self.reasons.extend(inner.reasons.iter().cloned());
        if inner.indication > self.indication {
            self.indication = inner.indication;
            self.sub_indication = inner.sub_indication;
        }
    }

    /// The first cause of the worst indication names it.
    fn worsen(&mut self, indication: Indication, sub: SubIndication) {
        if indication > self.indication {
            self.indication = indication;
            self.sub_indication = Some(sub);
        }
    }

    fn push(
        &mut self,
        code: &str,
        weight: Weight,
        clause: &'static str,
        detail: impl Into<String>,
    ) {
        self.reasons.push(Reason {
            code: code.to_owned(),
            weight,
            detail: detail.into(),
            clause,
        });
    }
}
