"""Every line of the list in host-01 section 10 has a test.

usage: check_coverage.py SOURCE_DIR

The list names every item of the reference commit. COVERAGE names, for each in its order, the
first words of its line and tests that fail if it is not so. Prints what does not fit; exit code 1
if anything does not.
"""

import pathlib
import re
import sys

COVERAGE = [
    ("`run_guest`: NOTIFY goes to", "T08_10_ANotificationWithoutEventfdIsRead "
     "T08_7_TheFirstEntryOfAnAddressWins"),
    ("SHUTDOWN is handled inline", "T04_13_PowerOffDiesWithTheText "
     "T04_13_ALongTextIsCutAt127Characters T08_12_ARestartIsReadTwice"),
    ("COW remark after `initialize`", "T03_4_VmcallIsRewrittenAndAllTablesAreDropped"),
    ("`lg_find_vq` finds the Nth", "G02_1_PageHoldsExactlyTheseBytes "
     "G02_2_GuestScanFindsFourDevices"),
    ("`/dev/lguest` first write", "T08_1_AFreshFileKnowsOnlyInitialize "
     "T08_2_InitializeWorksOnce T08_13_TheInitialStateIsThatOfTheDocument"),
    ("`send_notify_to_eventfd`", "OnlyTheExactValueMatches T08_7_TheFirstEntryOfAnAddressWins "
     "TheListenerHearsEverySignal"),
    ("`add_eventfd`, one-larger copy", "T08_9_AddingWhileAGuestNotifiesLosesNothing "
     "T08_6_EventfdsAreChecked"),
    ("`attach_eventfd`, big lock", "T08_6_EventfdsAreChecked "
     "T08_9_AddingWhileAGuestNotifiesLosesNothing T08_8_TheEventOutlivesItsDescriptor"),
    ("`user_send_irq`", "T08_3_InterruptNumbersEndAt31 "
     "T08_18_EachInterruptWakesTheGuestThatHalts"),
    ("file offset = CPU number", "T08_4_OnlyCpu0Exists"),
    ("two-level tables, three-level", "T01_9_APaeGuestUnderATwoLevelHostIsKilledWithAReason "
     "T07_1_TheWorkedExampleWithPae"),
    ("Switcher uses the whole top", "T07_18_ACpuSeesTheTextAndItsOwnPagesOnly "
     "T01_1_PagesOfEachCpuFollowTheText"),
    ("`gpgd_addr`, `gpmd_addr`", "IndexesOfAnAddress T07_5_FlagsOfAPaeMiddleEntry"),
    ("`demand_page` middle level", "T07_5_FlagsOfAPaePointerEntry T07_5_FlagsOfAPaeMiddleEntry "
     "T07_2_EveryRowOfTheFaultTable"),
    ("`pin_page`", "T07_13_ABlankSlotHasTheStackPinned "
     "PinningAPageThatIsWritableChangesNothing"),
    ("`release_pgd` / `release_pmd`", "T07_15_FlushUserTakesTheCurrentSlotsUserEntries "
     "T07_15_ClearAllTakesEverythingButTheSwitcher T07_16_ClearAllKeepsThePaePageOfTheSwitcher"),
    ("`guest_set_pgd`, `guest_set_pmd`", "T07_11_SetPgdForgetsOneEntry "
     "T07_11_Q9_SetPgdOfTheSwitchersEntryIsIgnored SetPmdDropsEverything"),
    ("`setup_pagetables`: identity", "T07_1_TheWorkedExampleWithoutPae "
     "T07_1_TheWorkedExampleWithPae Q16_WithPaeTheMiddlePageIsNotOverrun"),
    ("`init_guest_pagetable`", "InitWithoutMemoryFailsAndChangesNothing "
     "T08_13_TheInitialStateIsThatOfTheDocument"),
    ("`page_table_guest_data_init`", "T04_4_InitWritesFiveFieldsAndNothingElse "
     "T04_4_ReserveMemIsTwoMegabytesWithPae T07_17_AKernelAddressInTheSwitcherKills"),
    ("`map_switcher_in_guest`", "T07_18_ACpuSeesTheTextAndItsOwnPagesOnly "
     "AnEntryThatIsAlreadyThereIsNotStoredAgain"),
    ("scheduler hooks / PGE remark", "T01_6_GlobalPagesAreOffWhileTheModuleIsLoaded"),
    ("Switcher at 0xFFC00000", "T01_1_PagesOfEachCpuFollowTheText"),
]

CPP_TEST = re.compile(
    r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*\w+,\s*(\w+)", re.MULTILINE)


def items(root):
    text = (root / "docs" / "spec" / "host-01-overview.md").read_text(encoding="utf-8")
    section = text.split("\n## 10. ")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| [^|]+ \|$", section, re.MULTILINE)
    return [row for row in rows if row != "Item"]


def problems(root):
    names = set()
    for path in (root / "tests").rglob("*_test.cc"):
        names.update(CPP_TEST.findall(path.read_text(encoding="utf-8")))
    rows = items(root)
    if len(rows) != len(COVERAGE):
        yield f"host-01 section 10 has {len(rows)} lines, COVERAGE {len(COVERAGE)}"
    for row, (start, tests) in zip(rows, COVERAGE):
        if not row.startswith(start):
            yield f"\"{row}\" is not the line of \"{start}\""
        for test in tests.split():
            if test not in names:
                yield f"\"{start}\": there is no test {test}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = list(problems(pathlib.Path(sys.argv[1])))
    for problem in found:
        print(problem)
    print(f"{len(COVERAGE)} items, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
