// Everything that can be noticed, with what its sentence needs. Read twice: by `finding.rs`, which makes types of it,
// and by `build.rs`, which holds the sentences of `locales/` against it.

// What a sentence chooses its words by.
choices! {
    /// A sum or a bound that does not hold, or a sum that holds only by what was corrected.
    Broken { Sum, Bound, Corrected }
    /// Why a reading is in doubt: nothing is read, not surely, another number; or which print is hardly readable.
    Doubt { Unread, Unsure, Other, Digits, Words, Both }
    /// Who gave a number that was not read.
    Filler { Sums, Registry }
    /// In which way a number is printed.
    Shown { Digits, Words, Qr }
    /// What is counted of a file.
    Size { Bytes, Pixels }
    /// What a build may leave out.
    Feature { Pdf, Heic }
    /// A part of a sheet.
    Part { Whole, Upper, Middle, Lower }
    /// What a part of a photo lacks: the part itself, a free view, size, focus, light, flatness.
    Lack { Missing, Covered, Small, Blurred, Faint, Bent }
    /// How photos of a run were grouped.
    Grouped { Folder, Scanner }
}

findings! {
    /// The prints of a number say different numbers.
    ChannelsDisagree {
        label: String, digits: Option<u32>, words: Option<u32>, qr: Option<u32>, percent: Option<Percent>, together: Option<u32>,
    }
    /// A sum or a bound does not hold.
    RelationBroken { how: Broken, left: u32, left_of: Side, right: u32, right_of: Side, read: Vec<String> }
    /// More votes than registered voters.
    RegisteredExceeded { left: u32, left_of: Side, right: u32, right_of: Side }
    /// A number is not the one that the others give.
    OutOfLine { label: String, digits: Option<u32>, words: Option<u32>, qr: Option<u32>, percent: Option<Percent>, others: u32 }
    /// The relations overruled what was read.
    ValueCorrected { label: String, digits: Option<u32>, words: Option<u32>, qr: Option<u32>, percent: Option<Percent>, value: u32 }
    /// Nothing was read; the relations or a registry gave the number.
    ValueFilled {
        label: String, digits: Option<u32>, words: Option<u32>, qr: Option<u32>, percent: Option<Percent>, value: u32, from: Filler,
    }
    /// A number, or one of its prints, could not be read.
    CellUnreadable {
        label: String, how: Doubt, digits: Option<u32>, words: Option<u32>, qr: Option<u32>, percent: Option<Percent>, value: Option<u32>,
    }
    /// A print rather shows another number, as readings of such print err now and then.
    Misreading {
        label: String, how: Doubt, digits: Option<u32>, words: Option<u32>, qr: Option<u32>, percent: Option<Percent>, value: u32,
    }
    /// Numbers are not on the photo.
    FieldsAbsent { count: usize, names: Vec<String> }
    /// A wrong number is too probable.
    LowConfidence { wrong: f64, allowed: f64, names: Vec<String> }
    /// Registered voters differ from the registry's.
    RegisteredDiffer { label: String, printed: u32, registered: u32 }
    /// The registry has no such table.
    TableNotRegistered {}
    /// A name is printed otherwise than the registry has it. The name's id, and what people call it in each language.
    PlaceDiffers { place: String, es: Option<String>, en: Option<String>, printed: String, registered: String }
    /// No QR code was decoded.
    QrMissing {}
    /// The QR code is none of this form.
    QrForeign { text: String }
    /// The QR code is another sheet's.
    QrOfAnotherSheet {
        printed: Option<String>, code: String, differing: usize, carried: usize, examples: Vec<String>,
    }
    /// The printed code was read with doubt; the QR code says another.
    CodeDoubtful { printed: String, code: String }
    /// The printed code could not be read.
    CodeUnreadable { printed: Option<String>, probability: Option<f64> }
    /// No number was read.
    NothingRead {}
    /// Every row is 0.
    ZeroReport {}
    /// Dated of another day.
    AnotherElection { printed: String, expected: String }
    /// A line reads otherwise than on every sheet of the form.
    AnotherText { printed: String, expected: String }
    /// Most readings are guesses.
    ManyDoubtful { percent: u32 }
    /// Rows may be taken for each other.
    RowsDoubtful { count: usize }
    /// The print is too small. Pixels, and pixels a millimetre.
    Illegible { height: f64, scale: f64, needed: f64 }
    /// Light hides part of a number.
    Glare { label: String }
    /// A scanner's streaks were taken out.
    Streaks { count: usize }
    /// A part of the sheet would be surer on another photo.
    Retake { part: Part, lack: Lack, doubtful: usize, prints: usize }
    /// No known form was found.
    NoSheet { file: String, width: u32, height: u32 }
    /// A page of a form with blocks, on which print is left over.
    BlocksUnclear { form: String }
    /// A name was read as it stands on no other page, and is taken for one that stands on many.
    NameElsewhere { read: String, name: String, count: usize }
    /// Of a sheet only its QR code was found.
    CodeAlone { code: String }
    /// The same bytes under two paths.
    DuplicateFile { file: String }
    /// The system does not give the file.
    UnreadableFile { file: String, cause: String }
    /// No bytes.
    EmptyFile { file: String }
    /// Over a limit in bytes or pixels.
    TooLarge { file: String, what: Size, value: u64, limit: u64 }
    /// No known format.
    NotAPicture { file: String }
    /// A known format of an unknown kind, or one that this build leaves out.
    UnsupportedPicture { file: String, format: String, cause: Option<String>, without: Option<Feature> }
    /// Protected with a password.
    LockedFile { file: String }
    /// A file of several pages without any.
    NoPages { file: String, format: String }
    /// Over the limit of pages.
    TooManyPages { file: String, pages: usize, limit: u32 }
    /// Cut short or damaged.
    DamagedPicture { file: String, format: String, cause: String }
    /// Of an archive, or of one of its members.
    DamagedArchive { file: String, format: String, cause: String }
    /// The process that decoded it ended.
    DecoderDied { file: String, format: String, cause: String }
    /// It took longer than it may.
    TooSlow { file: String, seconds: u64 }
    /// The program failed.
    InternalError { file: String, problem: String }
    /// Its sheet stands in another record.
    PartOfSheet { file: String }
    /// Read from several photos.
    JoinedPhotos { count: usize, names: Vec<String> }
    /// Read from several pages.
    JoinedPages { count: usize, names: Vec<String> }
    /// Of a sheet of several pages some are not there.
    PagesMissing { missing: Vec<String>, of: u32 }
    /// A page is there more than once.
    PageTwice { page: u32, names: Vec<String> }
    /// Which page of its sheet it is could not be read.
    PageUnread { file: String }
    /// Two pages say that they are the same one, and print other contests.
    PagesDiffer { page: u32, file: String }
    /// Photos of one sheet show different numbers.
    PhotosDisagree { label: String, print: Shown, here: Option<u32>, there: Option<u32>, file: String }
    /// Of a run: a folder or scanner with many sheets that are not accepted.
    GroupNotAccepted {
        group: Grouped, name: String,
        failed: u64, of: u64, others_failed: u64, others: u64, chance: f64, tests: u64,
    }
    /// Of a run: a folder or scanner with many QR codes that are not read.
    GroupWithoutQr {
        group: Grouped, name: String,
        failed: u64, of: u64, others_failed: u64, others: u64, chance: f64, tests: u64,
    }
    /// Of a run: a file is not the one that its run.json names.
    FileEdited { file: String, stated: String, found: String }
    /// Of a run: its run.json names no hash of a file.
    FileUnattested { file: String }
    /// Of a run: more or fewer records than its run.json says.
    RecordsCount { file: String, stated: usize, found: usize }
    /// Of a run: a record states of a sum what its own numbers do not give.
    SumEdited { file: String, line: usize, sum: String, stated: String, given: String }
    /// Of a run: its log does not hold the decisions that its run.json names.
    LogEdited { file: String, stated: u64, found: u64 }
    /// Of a run: its log cannot be read, or its chain does not hold.
    LogBroken { cause: String }
}
