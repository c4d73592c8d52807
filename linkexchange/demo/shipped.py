"""Which of the DICOM files that pydicom ships make up which demo study, and which are left out and why.

Paths are relative to `pydicom/data`; a `*` in the last part stands for any name. Every shipped DICOM file stands in one
of the two tables; a test counts them. docs/reference/demo-images.md is the same for people.
"""

from __future__ import annotations

from typing import NamedTuple


class SeriesPlan(NamedTuple):
    """One series: its name within the study, and the shipped files in the order of their new UIDs."""

    name: str
    paths: tuple[str, ...]


class StudyPlan(NamedTuple):
    """One study: a short key for folders and UIDs, the title people see, whose it is (`images.PATIENTS`)."""

    key: str
    title: str
    patient: int
    series: tuple[SeriesPlan, ...]


def _series(name: str, folder: str, *names: str) -> SeriesPlan:
    return SeriesPlan(name, tuple(f"{folder}/{it}" for it in names))


_T = "test_files"
_D = f"{_T}/dicomdirtests"

STUDIES = (
    StudyPlan(
        "ct",
        "CT Thorax und Abdomen",
        0,
        (
            _series("weich", f"{_D}/98892001/CT2N", "*"),
            _series("lunge", f"{_D}/98892001/CT5N", "*"),
            _series("abdomen", f"{_D}/77654033/CT2", "*"),
            _series("einzelbild", _T, "CT_small.dcm"),
            _series("jpeg-2000", _T, "693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm"),
        ),
    ),
    StudyPlan(
        "mr",
        "MR Schädel",
        1,
        (
            _series("lokalisator", f"{_D}/98892003/MR1", "*"),
            _series("sagittal", f"{_D}/98892003/MR2", "*"),
            _series("rekonstruktion", f"{_D}/98892003/MR700", "*"),
            _series(
                "unkomprimiert",
                _T,
                "MR_small.dcm",
                "MR_small_bigendian.dcm",
                "MR_small_expb.dcm",
                "MR_small_implicit.dcm",
                "MR_small_padded.dcm",
            ),
            _series(
                "komprimiert", _T, "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"
            ),
            _series("overlay", _T, "examples_overlay.dcm"),
        ),
    ),
    StudyPlan(
        "us",
        "Sonographie des Herzens",
        2,
        (
            _series("schleife", _T, "examples_ybr_color.dcm"),
            _series("standbild", _T, "examples_jpeg2k.dcm", "examples_palette.dcm", "examples_rgb_color.dcm"),
            _series("altbild", _T, "ExplVR_BigEnd.dcm"),
            _series("rle", _T, "SC_rgb_rle_16bit_2frame.dcm", "SC_rgb_rle_2frame.dcm", "SC_rgb_rle_32bit_2frame.dcm"),
        ),
    ),
    StudyPlan(
        "zeichen",
        "Zeichensätze",
        2,
        (
            _series("latein", "charset_files", "chrFren.dcm", "chrFrenMulti.dcm", "chrGerm.dcm"),
            _series("nahost", "charset_files", "chrArab.dcm", "chrGreek.dcm", "chrHbrw.dcm", "chrRuss.dcm"),
            _series("fernost", "charset_files", "chrH31.dcm", "chrH32.dcm", "chrI2.dcm", "chrX1.dcm", "chrX2.dcm"),
        ),
    ),
    StudyPlan(
        "farbe",
        "Farbbilder",
        0,
        (
            _series(
                "jpeg",
                _T,
                "SC_rgb_dcmtk_+eb+cr.dcm",
                "SC_rgb_dcmtk_+eb+cy+n1.dcm",
                "SC_rgb_dcmtk_+eb+cy+n2.dcm",
                "SC_rgb_dcmtk_+eb+cy+np.dcm",
                "SC_rgb_dcmtk_+eb+cy+s2.dcm",
                "SC_rgb_dcmtk_+eb+cy+s4.dcm",
                "SC_rgb_jpeg_dcmtk.dcm",
                "SC_rgb_jpeg_gdcm.dcm",
                "SC_rgb_jpeg_lossy_gdcm.dcm",
                "SC_rgb_small_odd_jpeg.dcm",
            ),
            _series("jpeg-2000", _T, "SC_rgb_gdcm_KY.dcm"),
            _series("rle", _T, "SC_rgb_rle.dcm", "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_32bit.dcm"),
            _series(
                "unkomprimiert",
                _T,
                "SC_rgb_jpeg_dcmd.dcm",
                "SC_rgb_small_odd.dcm",
                "SC_rgb_small_odd_big_endian.dcm",
                "SC_ybr_full_422_uncompressed.dcm",
            ),
            _series("deflate", _T, "image_dfl.dcm"),
            _series(
                "nuklear",
                _T,
                "JPEG-lossy.dcm",
                "JPEG2000-embedded-sequence-delimiter.dcm",
                "JPEG2000.dcm",
                "JPGExtended.dcm",
            ),
            _series("roentgen", f"{_D}/77654033", "CR1/6154", "CR2/6247", "CR3/6278"),
        ),
    ),
    StudyPlan(
        "befunde",
        "Bestrahlungsplanung und Befunde",
        1,
        (
            _series(
                "dosis",
                _T,
                "rtdose.dcm",
                "rtdose_1frame.dcm",
                "rtdose_expb.dcm",
                "rtdose_expb_1frame.dcm",
            ),
            _series("plan", _T, "rtplan.dcm", "ExplVR_LitEndNoMeta.dcm", "ExplVR_BigEndNoMeta.dcm"),
            _series("strukturen", _T, "rtstruct.dcm"),
            _series("segmentierung", _T, "liver_1frame.dcm", "liver_expb_1frame.dcm"),
            _series("bericht", _T, "reportsi.dcm", "reportsi_with_empty_number_tags.dcm", "test-SR.dcm"),
            _series("ekg", _T, "waveform_ecg.dcm"),
        ),
    ),
)

LEFT_OUT = {
    "no SOP Class UID: a fragment that no PACS can file": (
        "charset_files/chrSQEncoding.dcm",
        "charset_files/chrSQEncoding1.dcm",
        f"{_T}/UN_sequence.dcm",
        f"{_T}/empty_charset_LEI.dcm",
        f"{_T}/meta_missing_tsyntax.dcm",
        f"{_T}/nested_priv_SQ.dcm",
        f"{_T}/no_meta_group_length.dcm",
        f"{_T}/priv_SQ.dcm",
    ),
    "no Modality, which a series of a link must have": (
        f"{_T}/GDCMJ2K_TextGBR.dcm",
        f"{_T}/JPEGLSNearLossless_08.dcm",
        f"{_T}/JPEGLSNearLossless_16.dcm",
        f"{_T}/SC_jpeg_no_color_transform.dcm",
        f"{_T}/SC_jpeg_no_color_transform_2.dcm",
        f"{_T}/SC_rgb_jls_lossy_line.dcm",
        f"{_T}/SC_rgb_jls_lossy_sample.dcm",
        f"{_T}/SC_rgb_jpeg_app14_dcmd.dcm",
    ),
    "an image without Pixel Data": (
        "charset_files/chrJapMulti.dcm",
        "charset_files/chrJapMultiExplicitIR6.dcm",
        "charset_files/chrKoreanMulti.dcm",
        f"{_D}/TINY_ALPHA/PT000000/ST000000/SE000000/*",
    ),
    "cut off or wrong on purpose": (
        f"{_T}/MR_truncated.dcm",
        f"{_T}/SC_rgb_jpeg.dcm",
        f"{_T}/badVR.dcm",
        f"{_T}/no_meta.dcm",
        f"{_T}/rtplan_truncated.dcm",
    ),
    "elements whose VR is given as unknown, which pydicom would write anew with their real VR": (
        f"{_T}/rtdose_rle.dcm",
        f"{_T}/rtdose_rle_1frame.dcm",
    ),
    "a directory of a medium, no instance": (
        f"{_D}/DICOMDIR",
        f"{_D}/DICOMDIR-bigEnd",
        f"{_D}/DICOMDIR-empty.dcm",
        f"{_D}/DICOMDIR-implicit",
        f"{_D}/DICOMDIR-nooffset",
        f"{_D}/DICOMDIR-nopatient",
        f"{_D}/DICOMDIR-reordered",
        f"{_D}/TINY_ALPHA/DICOMDIR",
    ),
    "a color palette, which belongs to no patient": ("palettes/*.dcm",),
}
"""Reason → files."""
