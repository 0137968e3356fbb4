// Ports of the bare machine (user-interface section 11).
#include <gtest/gtest.h>

#include <string>

#include "devices/port_debug.h"
#include "devices/port_map.h"
#include "devices/port_serial.h"

namespace lgx {
namespace {

class Collected final : public ByteSink {
 public:
  void Put(u8 byte) override { text += static_cast<char>(byte); }
  std::string text;
};

constexpr u16 kSerial = SerialPort::kFirst;

TEST(PortMap, EmptyPortsReadOnesAndLoseWrites) {
  PortMap map;
  EXPECT_EQ(map.In(0x60, 1), 0xffu);
  EXPECT_EQ(map.In(0x60, 2), 0xffffu);
  EXPECT_EQ(map.In(0x60, 4), 0xffffffffu);
  map.Out(0x60, 4, 1);
}

TEST(PortMap, WideAccessToByteDevicesIsOnePerPort) {
  Collected text;
  DebugconPort console(&text);
  PortMap map;
  map.Add(kDebugConsolePort, 1, PortWidth::kByte, &console);
  map.Out(kDebugConsolePort, 4, 0x44434241);
  EXPECT_EQ(text.text, "A");
  EXPECT_EQ(map.In(kDebugConsolePort, 2), 0xffe9u);
}

TEST(PortMap, WideAccessAtTheLastPortWraps) {
  PortMap map;
  EXPECT_EQ(map.In(0xffff, 4), 0xffffffffu);
}

TEST(PortMap, TheFirstDeviceAtAPortKeepsIt) {
  Collected text;
  DebugconPort console(&text);
  DebugExit exit;
  PortMap map;
  map.Add(kDebugConsolePort, 1, PortWidth::kWhole, &exit);
  map.Add(kDebugConsolePort, 1, PortWidth::kByte, &console);
  map.Out(kDebugConsolePort, 1, 'x');
  EXPECT_EQ(text.text, "");
  EXPECT_EQ(exit.value(), 'x');
}

TEST(DebugExit, RemembersTheFirstValueInItsWidth) {
  DebugExit exit;
  EXPECT_FALSE(exit.value().has_value());
  exit.Out(0xf4, 1, 0xffffff12);
  exit.Out(0xf4, 4, 0x99);
  EXPECT_EQ(exit.value(), 0x12u);
  DebugExit wide;
  wide.Out(0xf4, 4, 0x12345678);
  EXPECT_EQ(wide.value(), 0x12345678u);
}

TEST(PostPort, PassesBytesOnAndRemembersTheLast) {
  Collected codes;
  PostPort post(&codes);
  EXPECT_FALSE(post.last().has_value());
  post.Out(0x190, 1, 0x31);
  post.Out(0x190, 1, 0x32);
  EXPECT_EQ(codes.text, "12");
  EXPECT_EQ(post.last(), 0x32);
  EXPECT_EQ(post.In(0x190, 1), 0x32u);
}

TEST(SerialPort, IsAlwaysReadyAndTransmits) {
  Collected line;
  SerialPort serial(&line);
  EXPECT_EQ(serial.In(kSerial + 5, 1), 0x60u);
  serial.Out(kSerial, 1, 'o');
  EXPECT_EQ(serial.In(kSerial + 5, 1), 0x60u);
  serial.Out(kSerial, 1, 'k');
  EXPECT_EQ(line.text, "ok");
  EXPECT_EQ(serial.In(kSerial, 1), 0u);
}

TEST(SerialPort, DivisorBytesAreNotTransmitted) {
  Collected line;
  SerialPort serial(&line);
  serial.Out(kSerial + 3, 1, 0x83);
  serial.Out(kSerial, 1, 0x0c);
  serial.Out(kSerial + 1, 1, 0x01);
  EXPECT_EQ(serial.In(kSerial, 1), 0x0cu);
  EXPECT_EQ(serial.In(kSerial + 1, 1), 0x01u);
  serial.Out(kSerial + 3, 1, 0x03);
  EXPECT_EQ(serial.In(kSerial + 1, 1), 0u);
  EXPECT_EQ(line.text, "");
}

TEST(SerialPort, FifosAreThereWhenTurnedOn) {
  Collected line;
  SerialPort serial(&line);
  EXPECT_EQ(serial.In(kSerial + 2, 1), 0x01u);
  serial.Out(kSerial + 2, 1, 0x07);
  EXPECT_EQ(serial.In(kSerial + 2, 1), 0xc1u);
}

// How drivers find out whether a port is there.
TEST(SerialPort, LoopbackReturnsTheByteAndTheOutputs) {
  Collected line;
  SerialPort serial(&line);
  serial.Out(kSerial + 4, 1, 0x1a);
  EXPECT_EQ(serial.In(kSerial + 6, 1), 0x90u);
  serial.Out(kSerial, 1, 0xae);
  EXPECT_EQ(serial.In(kSerial + 5, 1), 0x61u);
  EXPECT_EQ(serial.In(kSerial, 1), 0xaeu);
  EXPECT_EQ(serial.In(kSerial + 5, 1), 0x60u);
  EXPECT_EQ(line.text, "");
}

TEST(SerialPort, ScratchRegisterHoldsItsValue) {
  Collected line;
  SerialPort serial(&line);
  serial.Out(kSerial + 7, 1, 0x5a);
  EXPECT_EQ(serial.In(kSerial + 7, 1), 0x5au);
}

}  // namespace
}  // namespace lgx
