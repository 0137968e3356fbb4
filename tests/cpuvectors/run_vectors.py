#!/usr/bin/env python3
"""Runs instruction vectors through `lgx exec-vectors` and judges the result.

    run_vectors.py LGX WORLD.json FILE.jsonl            a recorded corpus
    run_vectors.py LGX --fresh GENERATOR EXECUTOR       new vectors from this processor

lgx follows Intel's processors. Vectors made by another maker's differ from it in a few places
that the manuals leave open or decide otherwise; --host-colour names the list that is forgiven
(default with --fresh: the maker of this processor; with a corpus: none). docs/vectors.md says why
each entry is there. Exit code 0: all pass or are forgiven; 1: some fail; 77: this host cannot
make vectors.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

CATEGORIES = ("alu bcd bit misc mov muldiv shift stack string flow far seg segmem priv ud "
              "x87mem x87reg mmx sse1 sse2f sse2i").split()
CANNOT = 77
BREAKPOINT, STACK_FAULT, GENERAL_PROTECTION, PAGE_FAULT = 3, 12, 13, 14
ALIGNMENT, SIMD = 17, 19
PAGE = ~0xFFF
ALIGNMENT_FLAG = 0x40000
PREFIXES = bytes.fromhex("262e363e646566" "67f0f2f3")


def opcode(vector):
    """Its bytes from the opcode on, three at least, and its prefixes."""
    code = bytes.fromhex(vector["b"])
    body = code.lstrip(PREFIXES)
    return body.ljust(3, b"\0"), code[: len(code) - len(body)]


def pushes_before_the_limit_check(wanted, got, differs):
    """Far CALL beyond the target's limit: AMD pushes, and checks the stack, before it looks."""
    body, _ = opcode(wanted)
    is_call = body[0] == 0x9A or (body[0] == 0xFF and body[1] >> 3 & 7 == 3)
    pushed = differs == ["memory"] and wanted["x"][:2] == [GENERAL_PROTECTION, 0]
    could_not = wanted["x"][0] == ALIGNMENT and got["x"][:2] == [GENERAL_PROTECTION, 0]
    return is_call and (pushed or could_not)


def ignores_lock_of_verr(wanted, got, differs):
    """LOCK VERR and LOCK VERW run on AMD; the manuals of both makers say #UD."""
    body, prefixes = opcode(wanted)
    return body[:2] == b"\x0f\x00" and body[2] >> 3 & 7 in (4, 5) and 0xF0 in prefixes


def retf_reads_the_outer_stack_first(wanted, got, differs):
    """RETF n with alignment checks: AMD reads SS:ESP of an outer ring before it checks CS."""
    body, _ = opcode(wanted)
    return body[0] in (0xCA, 0xCB) and wanted["x"][0] == ALIGNMENT


def comparison_keeps_flags_at_a_fault(wanted, got, differs):
    """REP CMPS and SCAS at a fault: AMD keeps the last comparison's flags, the SDM restores."""
    body, prefixes = opcode(wanted)
    repeated = 0xF2 in prefixes or 0xF3 in prefixes
    return (body[0] in (0xA6, 0xA7, 0xAE, 0xAF) and repeated and differs == ["flags"]
            and wanted["x"][0] != BREAKPOINT)


def cmps_reads_the_destination_first(wanted, got, differs):
    """CMPS with alignment checks: AMD finds ES:EDI misaligned before DS:ESI is out of reach."""
    body, _ = opcode(wanted)
    return (body[0] == 0xA7 and differs == ["x"] and wanted["x"][0] == ALIGNMENT
            and got["x"][0] in (STACK_FAULT, GENERAL_PROTECTION, PAGE_FAULT))


def push_sreg_writes_four_bytes(wanted, got, differs):
    """PUSH sreg: AMD writes, and checks, four bytes, recent Intel processors two."""
    body, prefixes = opcode(wanted)
    is_push = body[0] in (0x06, 0x0E, 0x16, 0x1E) or body[:2] in (b"\x0f\xa0", b"\x0f\xa8")
    return is_push and 0x66 not in prefixes and wanted["x"][0] in (PAGE_FAULT, ALIGNMENT)


def is_mmx_conversion(body, prefixes):
    scalar = 0xF2 in prefixes or 0xF3 in prefixes
    return body[0] == 0x0F and body[1] in (0x2A, 0x2C, 0x2D) and not scalar


def cvtpi2ps_leaves_x87_alone(wanted, got, differs):
    """CVTPI2PS from memory: the SDM says that it enters MMX mode, and looks at x87 exceptions."""
    body, prefixes = opcode(wanted)
    return (is_mmx_conversion(body, prefixes) and body[1] == 0x2A and body[2] < 0xC0
            and 0x66 not in prefixes)


def mmx_is_entered_before_a_fault(wanted, got, differs):
    """Conversions that raise #XF, MASKMOVQ that faults: AMD has set TOP and the tags already."""
    body, prefixes = opcode(wanted)
    converts = is_mmx_conversion(body, prefixes) and wanted["x"][0] == SIMD
    stores = body[:2] == b"\x0f\xf7" and 0x66 not in prefixes and wanted["x"][0] != BREAKPOINT
    return ((converts or stores) and differs == ["fpu"] and wanted["FP"]["sw"] & 0x3800 == 0
            and wanted["FP"]["tw"] == 0xFF and wanted["FP"]["mx"] == got["FP"]["mx"])


def only_c1_differs(wanted, got, differs):
    words = all(wanted["FP"][key] == got["FP"][key] for key in ("cw", "tw", "mx"))
    return differs == ["fpu"] and words and wanted["FP"]["sw"] ^ got["FP"]["sw"] == 0x200


def fcomi_keeps_c1(wanted, got, differs):
    """FCOMI, FUCOMI, FCOMIP, FUCOMIP: the SDM clears C1."""
    body, _ = opcode(wanted)
    return (body[0] in (0xDB, 0xDF) and 0xE8 <= body[1] < 0xF8
            and only_c1_differs(wanted, got, differs))


def stack_underflow_before_overflow(wanted, got, differs):
    """An empty operand and a full stack: AMD names the underflow, Intel the overflow."""
    body, _ = opcode(wanted)
    pushes = body[0] == 0xD9 and (body[1] < 0xC8 or body[1] in (0xF2, 0xF4, 0xFB))
    return pushes and got["FP"]["sw"] & 0x40 != 0 and only_c1_differs(wanted, got, differs)


def maskmov_of_nothing_is_checked(wanted, got, differs):
    """MASKMOVQ and MASKMOVDQU with a mask of zeros: faults are the processor's choice."""
    body, _ = opcode(wanted)
    return body[:2] == b"\x0f\xf7" and got["x"][0] == BREAKPOINT and not got.get("M")


def misaligned_image_is_an_alignment_check(wanted, got, differs):
    """FXSAVE and FXRSTOR with alignment checks: #AC or #GP, as the processor likes."""
    body, _ = opcode(wanted)
    return (body[:2] == b"\x0f\xae" and body[2] >> 3 & 7 < 2 and differs == ["x"]
            and wanted["x"][0] == ALIGNMENT and got["x"][0] == GENERAL_PROTECTION)


def image_fault_names_another_byte(wanted, got, differs):
    """FXSAVE, FNSAVE and their kin: which byte CR2 names is the processor's choice. AMD tries the
    last one first, which may lie on another page that is absent where the first is not."""
    body, _ = opcode(wanted)
    group = body[1] >> 3 & 7
    image = (body[0] in (0xD9, 0xDD) and group in (4, 6)) or (
        body[:2] == b"\x0f\xae" and body[2] >> 3 & 7 < 2)
    if not image or differs != ["x"] or {wanted["x"][0], got["x"][0]} != {PAGE_FAULT}:
        return False
    same_page = wanted["x"][2] & PAGE == got["x"][2] & PAGE
    present = 0 if same_page else 1
    return (abs(wanted["x"][2] - got["x"][2]) < (4096 if same_page else 512)
            and wanted["x"][1] | present == got["x"][1] | present)


def pop_sreg_reads_four_bytes(wanted, got, differs):
    """POP sreg: AMD reads, and checks, four bytes, recent Intel processors two."""
    body, prefixes = opcode(wanted)
    is_pop = body[0] in (0x07, 0x17, 0x1F) or body[:2] in (b"\x0f\xa1", b"\x0f\xa9")
    return is_pop and 0x66 not in prefixes and wanted["x"][0] in (PAGE_FAULT, ALIGNMENT)


# Where the executor itself and its view of the world are: to a vector this is memory, to lgx not.
EXECUTOR = (range(0x08048000, 0x08148000), range(0x40000000, 0x40020000))


def touches_the_executor(failure):
    """No result of the processor's: the executor's own memory got in the way."""
    vector, _, address = failure["got"]["x"]
    return vector == PAGE_FAULT and any(address in area for area in EXECUTOR)


COLOURS = {
    "none": [],
    "intel": [],
    "amd": [
        pushes_before_the_limit_check,
        ignores_lock_of_verr,
        retf_reads_the_outer_stack_first,
        comparison_keeps_flags_at_a_fault,
        cmps_reads_the_destination_first,
        push_sreg_writes_four_bytes,
        pop_sreg_reads_four_bytes,
        cvtpi2ps_leaves_x87_alone,
        mmx_is_entered_before_a_fault,
        maskmov_of_nothing_is_checked,
        misaligned_image_is_an_alignment_check,
        fcomi_keeps_c1,
        stack_underflow_before_overflow,
        image_fault_names_another_byte,
    ],
}


def host_colour():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
            text = info.read()
    except OSError:
        return "none"
    return "amd" if "AuthenticAMD" in text else "intel"


def run(lgx, world, vectors):
    """The failing vectors and the summary that lgx prints, or an exit with its message."""
    command = [lgx, "exec-vectors", "--world", world, vectors]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def sort_out(failures, colour):
    """Failures that the host's colour explains, by reason, and the others."""
    forgiven, bad = {}, []
    for failure in failures:
        differs = [d for d in failure["differs"] if d != "RF"]
        for reason in COLOURS[colour]:
            if reason(failure["wanted"], failure["got"], differs):
                forgiven.setdefault(reason.__name__, []).append(failure)
                break
        else:
            bad.append(failure)
    return forgiven, bad


def report(summary, forgiven, bad):
    for category, (passed, total) in sorted(summary["by"].items()):
        print(f"{category:9} {passed} of {total}")
    for reason, failures in sorted(forgiven.items()):
        print(f"forgiven  {len(failures):4} {reason}")
    for failure in bad[:20]:
        print(json.dumps(failure))
    print(f"{summary['pass']} of {summary['total']} pass, {len(bad)} fail unexplained")


def record(source, target, failures):
    """Keeps the vectors of `source` that every processor agrees on."""
    dropped = {failure["n"] for failure in failures}
    with open(source, encoding="ascii") as lines, open(target, "w", encoding="ascii") as out:
        out.writelines(line for line in lines if json.loads(line)["n"] not in dropped)


def generate(args, folder, seed):
    prefix = os.path.join(folder, "fresh")
    command = [args.fresh[0], args.fresh[1], str(seed), str(args.per_template), prefix]
    done = subprocess.run(command + args.only.split(","), stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        print(done.stderr)
        print("this host does not run the 32-bit executor")
        sys.exit(CANNOT)
    return prefix + ".world.json", prefix + ".jsonl"


def fresh(args, colour):
    """A timer of the host can break into a vector: what fails must fail a second time."""
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "little")
    print(f"seed {seed}, {args.per_template} vectors for each template, host colour {colour}")
    with tempfile.TemporaryDirectory() as folder:
        failures, summary = run(args.lgx, *generate(args, folder, seed))
        failures = [f for f in failures if not touches_the_executor(f)]
        forgiven, bad = sort_out(failures, colour)
        if bad:
            again, _ = run(args.lgx, *generate(args, folder, seed))
            still = {json.dumps(f["wanted"]["i"]) for f in again}
            bad = [f for f in bad if json.dumps(f["wanted"]["i"]) in still]
    return summary, forgiven, bad


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lgx")
    parser.add_argument("world", nargs="?")
    parser.add_argument("vectors", nargs="?")
    parser.add_argument("--fresh", nargs=2, metavar=("GENERATOR", "EXECUTOR"))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--per-template", type=int, default=5)
    parser.add_argument("--only", default=",".join(CATEGORIES), help="categories of --fresh")
    parser.add_argument("--host-colour", choices=sorted(COLOURS))
    parser.add_argument("--record", metavar="FILE", help="write the vectors that pass")
    args = parser.parse_args()
    if args.fresh:
        summary, forgiven, bad = fresh(args, args.host_colour or host_colour())
    elif args.vectors is None:
        parser.error("either WORLD.json and FILE.jsonl, or --fresh")
    else:
        failures, summary = run(args.lgx, args.world, args.vectors)
        forgiven, bad = sort_out(failures, args.host_colour or "none")
        if args.record:
            record(args.vectors, args.record, failures)
    report(summary, forgiven, bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
