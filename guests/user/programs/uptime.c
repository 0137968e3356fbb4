// The time, by the Host's wall clock and by our own counting.
#include "user/user.h"

// Days since 1970 to a date. Years are counted from March, so that a leap day comes last;
// then months have 153 days in every five of them.
static void PrintDate(u32 days) {
  days += 719468;  // since 0000-03-01
  u32 era = days / 146097;
  u32 day_of_era = days % 146097;
  u32 year =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  u32 day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
  u32 month = (5 * day_of_year + 2) / 153;
  u32 day = day_of_year - (153 * month + 2) / 5 + 1;
  month = month < 10 ? month + 3 : month - 9;
  Print("%04u-%02u-%02u", era * 400 + year + (month <= 2), month, day);
}

int main(void) {
  struct TimeInfo t = ReadTime();
  u32 second = t.wall_seconds % 86400;
  u32 microsecond;
  u32 uptime = (u32)Divide(t.uptime_us, 1000000, &microsecond);
  PrintDate(t.wall_seconds / 86400);
  Print(" %02u:%02u:%02u UTC, up %u.%06u s\n", second / 3600, second / 60 % 60,
        second % 60, uptime, microsecond);
  if (t.tsc_khz)
    Print("time stamp counter: %u kHz\n", t.tsc_khz);
  else
    Print("time stamp counter: not usable\n");
  return 0;
}
