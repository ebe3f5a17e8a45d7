//! `antin extend`: a signed file, ours or another's, to a higher level; exit 0 made, 1 the file stands in the way, 3 could not.

use std::path::PathBuf;

use clap::Args;

use super::work::{self, NotMade, Output, Overwrite, Place, Trusted, conclude};
use crate::fetch::{Authority, Settings, host_and_port};
use crate::record::SignatureLevel;

#[derive(Debug, Args)]
pub(super) struct Extend {
    /// The signed file / Tệp đã ký
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the extended file goes / Tệp kết quả
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// B-T, B-LT or B-LTA (a file at B-LTA is renewed) / Mức cần đạt
    #[arg(long, value_name = "LEVEL")]
    level: String,
    /// A configuration: its time-stamping authorities and roots / Tệp cấu hình
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    config: Option<PathBuf>,
    /// A folder with an `antin.toml` (a demo's, say) / Thư mục có tệp `antin.toml`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A file with root certificates to trust, PEM or DER; repeat it for more / Chứng thư gốc tin cậy
    #[arg(long, value_name = "PEM")]
    trust: Vec<PathBuf>,
    /// A time-stamping authority (RFC 3161); repeat it for more / Dịch vụ cấp dấu thời gian
    #[arg(long, value_name = "URL")]
    tsa: Vec<String>,
    /// A private address (HOST:PORT) that may be asked for evidence / Địa chỉ nội bộ được phép hỏi
    #[arg(long, value_name = "HOST:PORT")]
    allow_private: Vec<String>,
    /// What a detached CAdES signature signs / Tệp được ký tách rời
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
    /// Write over OUT where it exists / Ghi đè tệp kết quả đã có
    #[arg(long)]
    force: bool,
    /// Print the facts as JSON
    #[arg(long)]
    json: bool,
}

impl Extend {
    pub fn run(self) -> u8 {
        match self.extend() {
            Ok(()) => 0,
            Err(not_made) => not_made.tell(),
        }
    }

    fn extend(&self) -> Result<(), NotMade> {
        let level = work::level(&self.level)?;
        if level == SignatureLevel::BB {
            return Err(NotMade::could_not("extend_to_nothing", &[]));
        }
        let overwrite = if self.force {
            Overwrite::Allowed
        } else {
            Overwrite::Never
        };
        let inputs: Vec<PathBuf> = self.content.iter().chain([&self.file]).cloned().collect();
        let output = Output::new(&self.output, &inputs, overwrite)?;
        let place = Place::open(self.config.as_deref(), self.dir.as_deref())?;
        let settings = self.settings(place.as_ref());
        if settings.timestamp.authorities.is_empty() {
            return Err(NotMade::could_not("no_authority", &[]));
        }
        let trusted = Trusted::new(place.as_ref(), &self.trust, settings)?;
        if trusted.anchors().certificates().is_empty() {
            return Err(NotMade::could_not("no_roots", &[]));
        }
        let bytes = work::read(&self.file, trusted.max_file_bytes())?;
        let content = match &self.content {
            Some(file) => Some(work::read(file, trusted.max_file_bytes())?),
            None => None,
        };
        let demo = place.as_ref().and_then(Place::demo);
        let made = trusted
            .workshop()
            .extend_any(bytes, content.as_deref(), level)
            .map_err(|refusal| {
                NotMade::of(&refusal, &self.file.display().to_string(), demo.as_deref())
            })?;
        conclude(&made, &output, level, self.json)
    }

    fn settings(&self, place: Option<&Place>) -> Settings {
        let mut settings = place.map_or_else(Settings::default, |p| p.fetch());
        settings
            .allow_private
            .extend(self.allow_private.iter().cloned());
        if !self.tsa.is_empty() {
            settings.timestamp.authorities =
                self.tsa.iter().cloned().map(Authority::plain).collect();
            // Whoever types an address means it, wherever it lies.
            let hosts = self.tsa.iter().filter_map(|url| host_and_port(url));
            settings.allow_private_timestamp.extend(hosts);
        }
        settings
    }
}
