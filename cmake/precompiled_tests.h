// As precompiled.h, for tests.
#include <gtest/gtest.h>

#include "precompiled.h"
