# What a person reads in a finding. A message a code: its title, `.seen` with its numbers, and `.do`, what one can do.
# `$said` is what the prints of a number say. What is not known is `none`. Neutral: what is seen, not who did it.

said =
    .digits = digits { $n }
    .words = words { $n }
    .qr = QR { $n }
    .percent = percent { $n }
    .nothing = no channel readable

channels_disagree = Channels say different numbers
    .seen = { $label }: { $together ->
        [none] not certain ({ $said })
       *[other] { $said }; { $together } is what the channels together give
    }
    .do = { $together ->
        [none] read the number on the photo
       *[other] compare digits, words and QR code on the photo; what is printed twice alike is not necessarily right
    }

relation_broken = A sum does not hold
    .seen = { $how ->
        [corrected] if { $read }:{ " " }
       *[other] { "" }
    }{ $left_of ->
        [other] sum of { $left_of } rows
       *[labels] { $left_of }
    } = { $left }, { $how ->
        [bound] more than{ " " }
       *[other] { "" }
    }{ $right_of ->
        [other] sum of { $right_of } rows
       *[labels] { $right_of }
    } = { $right }
    .do = { $how ->
        [bound] compare both numbers with the photo
        [corrected] compare both sides with the photo: any of their numbers may be the wrong one
       *[other] compare both sides with the photo; a sheet can break a sum of its own
    }

registered_exceeded = More votes than registered voters
    .seen = { $left_of ->
        [other] sum of { $left_of } rows
       *[labels] { $left_of }
    } = { $left }, more than { $right_of ->
        [other] sum of { $right_of } rows
       *[labels] { $right_of }
    } = { $right }
    .do = compare both numbers with the photo

out_of_line = A number does not fit the others
    .seen = { $label }: { $said }; the other numbers of the sheet give { $others }
    .do = compare the number and the sums with the photo

value_corrected = Value corrected by the sums
    .seen = { $label }: { $said }; { $value } is what fits the other numbers
    .do = compare the number with the photo

value_filled = Value filled, not read
    .seen = { $label }: { $said }; { $value } is what { $from ->
        [registry] the registry has
       *[other] fits the other numbers
    }
    .do = compare the number with the photo

cell_unreadable = A number could not be read
    .seen = { $label }: { $how ->
        [unread] { $said }
        [unsure] not certain ({ $said })
        [digits] digits hardly readable ({ $said }); { $value } is what the rest gives
        [words] words hardly readable ({ $said }); { $value } is what the rest gives
       *[other] digits and words hardly readable ({ $said }); { $value } is what the rest gives
    }
    .do = { $how ->
        [digits] look at what covers or spoils the number
        [words] look at what covers or spoils the number
        [both] look at what covers or spoils the number
       *[other] read the number on the photo
    }

misreading = A doubtful reading of a number
    .seen = { $label }: { $how ->
        [digits] digits hardly readable ({ $said }); { $value } is what the rest gives
        [words] words hardly readable ({ $said }); { $value } is what the rest gives
        [both] digits and words hardly readable ({ $said }); { $value } is what the rest gives
       *[other] { $said }; { $value } is what the channels together give; as readings of such print err now and then
    }
    .do = compare the number with the photo

fields_absent = Numbers are not on the photo
    .seen = { $count ->
        [one] one number is not on the photo: { $names }
       *[other] { $count } numbers are not on the photo: { $names }
    }
    .do = add photos of the rest of the sheet

low_confidence = Not certain enough
    .seen = the probability that some number is wrong is { PERCENT($wrong) }, allowed is { PERCENT($allowed) }{ $names ->
        [none] { "" }
       *[other] ; least certain: { $names }
    }
    .do = check the numbers named with the photo

registered_differ = Registered voters differ from the registry
    .seen = { $label }: { $printed } on the sheet, { $registered } in the registry
    .do = compare the code in the first lines of the sheet, and the registry's date

table_not_registered = The table is not in the registry
    .seen = the registry holds no table with the sheet's code
    .do = compare the code in the first lines of the sheet, and the registry's date

place_differs = A place name differs from the registry
    .seen = { $en ->
        [none] { $place }
       *[other] { $en }
    }: "{ $printed }" on the sheet, "{ $registered }" in the registry
    .do = { "" }

qr_missing = No readable QR code
    .seen = no QR code could be decoded
    .do = { "" }

qr_foreign = The QR code is not of this form
    .seen = the QR code on the photo is not one of this form: "{ $text }"
    .do = look whether the code under the sheet belongs to it

qr_of_another_sheet = The QR code seems to be another sheet's
    .seen = { $printed ->
        [none] the QR code is of { $code }
       *[other] the sheet's code is { $printed }, the QR code's { $code }
    }; { $differing ->
        [0] none of its { $carried } numbers differs from the print
       *[other] { $differing } of its { $carried } numbers differ from the print ({ $examples })
    }
    .do = check whether print and QR code are of one sheet

code_doubtful = Doubtful code of the sheet
    .seen = the code in the header was read as { $printed }, doubtfully; the QR code says { $code }
    .do = { "" }

code_unreadable = The code of the sheet could not be read
    .seen = { $printed ->
        [none] the sheet's code could not be read
       *[other] the sheet's code was read as { $printed } with probability { PERCENT($probability) }
    }
    .do = read the code in the first lines of the sheet

nothing_read = No number could be read
    .seen = no number of the sheet could be read
    .do = take the picture nearer, straighter or in pieces

zero_report = Every row is zero
    .seen = every vote row is 0: a report printed before voting, or a table without votes
    .do = its zeros count as votes only if voting took place at this table

another_election = Dated of another election
    .seen = the sheet is dated { $printed }; sheets of this form are of { $expected }
    .do = check which election the sheet belongs to

another_text = A line reads otherwise than on sheets of this form
    .seen = the sheet says { $printed } where sheets of this form say { $expected }
    .do = check which form and which election the sheet is of, and whether it is complete

many_doubtful = Many numbers are read with doubt
    .seen = { $percent } % of the cells are read with doubt, and no QR code confirms them
    .do = take the picture nearer, straighter or in better light; or check the numbers with the photo

rows_doubtful = Numbers may be a row off
    .seen = the names of { $count } rows in a run look like their neighbours': numbers may be a row off
    .do = compare the rows' names with the photo, or take the picture straighter

illegible = The print is too small to be read
    .seen = the printed digits are { $height } pixels high ({ $scale } pixels a millimetre); { $needed } are needed
    .do = photograph it nearer, or in overlapping pieces from top to bottom; send the picture as a file, messengers shrink photos

glare = Light hides part of a number
    .seen = { $label }: light hides part of the number
    .do = take the picture without flash, or from another side of the lamp

retake = A part of the photo is not good enough
    .seen = { $part ->
        [upper] upper third of the sheet
        [middle] middle third of the sheet
        [lower] lower third of the sheet
       *[whole] the whole sheet
    }: { $doubtful } of { $prints } prints of numbers are in doubt; { $lack ->
        [missing] it is not on the photo
        [covered] something covers it
        [small] the print is small on the photo
        [faint] it is dim or faded
        [bent] the paper is bent or folded
       *[blurred] it is out of focus or shaken
    }
    .do = { $lack ->
        [missing] take that part too; photos of one sheet are read together
        [covered] take that part again without what lies on it, or from another side of the lamp
        [small] take that part again, closer
        [faint] take that part again with more light, without a shadow on it
        [bent] take that part again, pressed flat
       *[blurred] take that part again, closer, with the phone held still
    }

streaks = Scanner streaks along the picture
    .seen = { $count ->
        [one] one streak runs along the whole picture; it was read without it
       *[other] { $count } streaks run along the whole picture; it was read without them
    }
    .do = clean the scanner's glass; scan again where a number under a streak is in doubt

no_sheet = No known sheet was found
    .seen = { $file }: no sheet of a known form was found in the picture ({ $width } x { $height } px)
    .do = if it is a tally sheet, photograph it nearer, straight and evenly lit, or give its form with --forms; if not, leave it out

blocks_unclear = The page is not understood whole
    .seen = this is a page of { $form }, but not all that is printed on it was found: it is cut off, covered, or printed in another way
    .do = scan the whole page again, straight and evenly lit; where all its like are refused, hold the definition against them with cotejo form check

name_elsewhere = A name was taken from other pages
    .seen = { $read } was read where { $count } other pages have { $name }; it is called by theirs
    .do = { "" }

code_alone = Only the sheet's QR code was found
    .seen = only the QR code of sheet { $code } was found, none of its printed table
    .do = add photos of the rest of the sheet, or photograph it nearer, straight and evenly lit

duplicate_file = The same file is already in the run
    .seen = the file has the same content as { $file }
    .do = nothing needs doing: it was digitized once

unreadable_file = The file cannot be read
    .seen = { $file } cannot be read: { $cause }
    .do = check that the file exists and that you may read it

empty_file = The file is empty
    .seen = { $file } is empty (0 bytes)
    .do = copy the file again from where it came from

too_large = The picture is too large
    .seen = { $file } is too large: { $value } { $what ->
        [bytes] bytes
       *[other] pixels
    }, the limit is { $limit }
    .do = { $what ->
        [bytes] save the picture smaller, or split the file
       *[other] save the picture smaller, or raise the limit with --max-pixels
    }

not_a_picture = The file is no picture
    .seen = { $file } is no picture of a known format (JPEG, HEIC, PNG, WebP, TIFF, PDF)
    .do = export it as JPEG or PNG; if it is a picture, its bytes are damaged

unsupported_picture = The picture is of a kind that cannot be read
    .seen = { $without ->
        [none] { $file }: the { $format } picture is of a kind that is not known: { $cause }
       *[other] { $file } is a { $format } file, and this cotejo was built without { $format }
    }
    .do = { $without ->
        [pdf] save its pages as pictures (`pdfimages -all`), or build cotejo with --features pdf
        [heic] save it as JPEG, or build cotejo with --features heic
       *[other] save it as JPEG or PNG
    }

locked_file = The file is protected with a password
    .seen = { $file } is protected with a password or a kind of encryption that is not known
    .do = take its password off: print a PDF file to a new one without, unpack an archive and give the folder

no_pages = The file has no pages
    .seen = { $file }: the { $format } file has no pages
    .do = scan or export it again; this file holds no page

too_many_pages = The file has too many pages
    .seen = { $file } has { $pages } pages, the limit is { $limit }
    .do = split the file, for example with `qpdf --split-pages=500`

damaged_picture = The picture is damaged
    .seen = { $file }: the { $format } picture is damaged or cut short: { $cause }
    .do = copy or download the file again; this one does not hold the whole picture

damaged_archive = The archive cannot be read
    .seen = { $file }: the { $format } archive is damaged, cut short, or packed in a way that is not read: { $cause }
    .do = copy or download the archive again, or unpack it with another program and give the folder

decoder_died = The decoder gave up on the file
    .seen = { $file }: the decoder of this { $format } file ended: { $cause }
    .do = the file is damaged, larger than it seems, or made to do harm: save its pages as JPEG or PNG with another program

too_slow = The file takes too long
    .seen = { $file } was not done within { $seconds } seconds
    .do = save it as JPEG or PNG with another program, or smaller; on a slow machine raise the limit with --max-seconds

internal_error = The program failed on this page
    .seen = { $file }: the program failed on it: { $problem }
    .do = a fault of the program: report it with the lines above on stderr; the picture, saved anew as PNG, may be read

part_of_sheet = Part of a sheet
    .seen = read together with { $file }
    .do = { "" }

joined_photos = Sheet read from several photos
    .seen = read from { $count } photos: { $names }
    .do = { "" }

joined_pages = Sheet read from several pages
    .seen = read from { $count } pages: { $names }
    .do = { "" }

pages_missing = Pages of the sheet are missing
    .seen = of the sheet's { $of } pages these were not found: { $missing }
    .do = add the pages that are missing; a page that was refused says why in its own record

page_twice = A page of the sheet is there twice
    .seen = page { $page } is there more than once: { $names }
    .do = look whether both are of this sheet, and leave one of them away

page_unread = Which page of the sheet it is could not be read
    .seen = which page it is could not be read on { $file }, so that pages may be missing
    .do = look at the foot of the page, and whether the sheet is whole

pages_differ = Two pages say that they are the same one
    .seen = { $file } too says that it is page { $page } of this sheet, and prints other contests
    .do = compare both with the paper: which of them is of this sheet

photos_disagree = Photos of one sheet say different numbers
    .seen = { $label }: { $print ->
        [digits] digits { $here } here, digits
        [words] words { $here } here, words
       *[other] QR { $here } here, QR
    } { $there } on { $file }
    .do = two photos of one sheet code differ; compare both with the paper

group_not_accepted = A folder or scanner stands out: sheets not accepted
    .seen = { $group ->
        [folder] folder
       *[other] files beginning with
    } { $name }: { $failed } of { $of } sheets not accepted, elsewhere { $others_failed } of { $others } (Fisher's exact test p = { SCIENTIFIC($chance) }, { $tests } tests)
    .do = look at some of its sheets: a scanner's fault shows on many of them alike

group_without_qr = A folder or scanner stands out: QR codes not read
    .seen = { $group ->
        [folder] folder
       *[other] files beginning with
    } { $name }: { $failed } of { $of } QR codes not read, elsewhere { $others_failed } of { $others } (Fisher's exact test p = { SCIENTIFIC($chance) }, { $tests } tests)
    .do = look at the foot of some of its sheets: cut, covered or blurred there

file_edited = A file of the run was changed
    .seen = { $file } is not the file that run.json names: SHA-256 { $found }, not { $stated }
    .do = put the file back from a copy, or digitize again; --edited goes on and marks all that it writes

file_unattested = A file of the run is not attested
    .seen = { $file }: run.json is not beside it, or names no SHA-256 of it
    .do = put run.json back from a copy, or digitize again; --edited goes on and marks all that it writes

records_count = Records are missing or were added
    .seen = { $file } holds { $found } records, run.json says { $stated }
    .do = put the file back from a copy, or digitize again; --edited goes on and marks all that it writes

sum_edited = A record contradicts itself
    .seen = { $file }, line { $line }: { $sum } stands there as { $stated }, the record's own numbers give { $given }
    .do = put the file back from a copy, or digitize again; --edited goes on and marks all that it writes

log_edited = Decisions are missing in the review log
    .seen = { $file } does not hold the { $stated } decisions that run.json names as they were: { $found } are in it
    .do = put the log back from a copy; --edited goes on and marks all that it writes

log_broken = The review log does not hold
    .seen = { $cause }
    .do = --edited goes on and marks all that it writes

# What the review's page answers.

unknown_sheet = the run has no such sheet
unknown_number = the sheet has no such number
no_such_action = that cannot be done to this field
not_a_number = type a whole number from 0 to { $largest }
not_a_code = this is not how the form prints its code
nothing_shown = no value is shown that could be as printed; type it
nothing_to_undo = there is nothing to undo

good_photos = { $photos }: good, every number of the sheet is sure

take_again = { $photos }: take it again

look_at = { $photos }: another photo would hardly help; a person has to look at the sheet

# The drawing of a form.
draw_empty = the table of votes is missing: take "Votes" and draw a box around the numbers of its rows
draw_outside = the box is not on the sheet, or has no extent; draw it on the paper
draw_nothing_there = nothing of the kind is printed in the box; draw it around the print
draw_no_numbers = nothing in the box is read as a number; draw it around the figures, without text beside them
draw_name_twice = the name "{ $name }" is taken; choose another
draw_no_name = "{ $name }" is no name: letters without accents, digits, _ and - alone, and neither rows nor values
draw_overlap = these stand in the same place: { $one } and { $other }; delete or move one
draw_private_open = say where names and signatures begin ("Private"), or that there are none
draw_private_holds = the private part, which is never read, would hold { $name }; begin it farther down
draw_share_of_nothing = of which total are the shares of { $name }? Accept what is proposed, or delete the column
draw_no_share = no two numbers that are drawn give this share; draw the part and the whole first
draw_refused = the definition is refused: { $problem }
draw_words_beside_nothing = there are no rows of figures beside it; draw the figures first
draw_no_relation = "{ $text }" is not understood; write such as a + b = c, a <= b or rows(contest) = total
draw_no_such_number = there is no number called "{ $name }"
draw_no_such_value = "{ $value }" does not fit here
draw_no_such_place = that is not there any more, or cannot be changed so; choose it again
draw_stale = another page has changed the drawing; here it is as it stands
draw_nothing_to_undo = there is nothing to undo
draw_nothing_to_redo = there is nothing to do again
draw_file_there = { $file } is there already; begin again with --overwrite, or with another name
draw_not_written = { $file } cannot be written: { $problem }
draw_title = Draw a form
draw_select = Select
draw_votes = Votes
draw_numbers = Numbers
draw_words = Words
draw_line = Text
draw_print = Fixed
draw_private = Private
draw_select_help = A click selects; arrows move by 0.1 mm (with Shift 1 mm), Delete deletes, Tab goes to the next.
draw_votes_help = Draw a box around the figures of one table of votes, or of several: the program finds rows, columns and totals, and takes names from beside them.
draw_numbers_help = Draw a box around numbers that are no votes: totals, registered voters, turnout.
draw_words_help = Draw a box around the words in which figures of a drawn column are spelled.
draw_line_help = Draw a box around a text that says which sheet it is, such as the number of the table.
draw_print_help = Draw a box around text and lines that are the same on all sheets; by them a sheet is found.
draw_private_help = Draw a box where names and signatures begin: from there down nothing is read or shown.
draw_nothing_private = There are no names and signatures
draw_undo = Undo
draw_redo = Redo
draw_save = Save
draw_saved = saved
draw_unsaved = not saved
draw_reading = reading…
draw_read = read
draw_open = open
draw_to_do = To do
draw_ready = Nothing is missing: it can be saved.
draw_form = Form
draw_id = Id
draw_form_title = Title
draw_election = Election
draw_language = Language
draw_places = Digits of the largest number
draw_contests = Contests
draw_contest = Contest
draw_name = Name
draw_party = Party
draw_whole = Whole of the shares
draw_role = Is
draw_role_result = result of
draw_role_ballots = ballots, voters
draw_role_context = context: never holds a sheet
draw_hangs = Figures hang by
draw_left = the left
draw_centre = the middle
draw_right = the right
draw_width = Width, mm
draw_size = Size, mm
draw_text = Says
draw_pattern = Pattern (regular expression)
draw_thousands = Mark of thousands
draw_delete = Delete
draw_delete_column = Delete the column
draw_relations = Relations
draw_holds = holds
draw_broken = broken
draw_untold = not known
draw_proposed = Proposed, they hold
draw_add = Add
draw_own_relation = Another, such as a + b = c
draw_samples = Samples
draw_check = Check all
draw_checking = checking…
draw_not_found = By its fixed print no sheet is found: add text and lines.
draw_found = found
draw_nothing_chosen = Nothing selected. With a tool, drag a box on the sheet.
draw_accept = Accept
draw_discard = Discard
draw_keys = s v n w l p x tools · Ctrl-Z undo · Ctrl-Y redo · Ctrl-S save · Esc discard what is new
draw_zoom_in = Zoom in
draw_zoom_out = Zoom out
draw_sheet = The sheet
draw_gone = The program has ended. What was not saved is gone.
