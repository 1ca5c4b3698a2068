; kernel 0: kernel_45bf57e36532cfeabbc9ab3c
; ModuleID = "kernel_45bf57e36532cfeabbc9ab3c"
target datalayout = ""

define void @"kernel_45bf57e36532cfeabbc9ab3c"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b1" = load ptr, ptr %".6"
  %".7" = getelementptr i64, ptr %".1", i64 2
  %"N" = load i64, ptr %".7"
  %".8" = icmp slt i64 0, 16
  br i1 %".8", label %"loop", label %"done"
loop:
  %".10" = phi  i64 [0, %"entry"], [%".39", %"done.1"]
  %".11" = urem i64 %"N", 1
  %".12" = sub i64 %"N", %".11"
  %".13" = icmp slt i64 0, %".12"
  br i1 %".13", label %"loop.1", label %"done.1"
done:
  %".42" = urem i64 %"N", 1
  %".43" = sub i64 %"N", %".42"
  %".44" = icmp slt i64 0, %".43"
  br i1 %".44", label %"loop.2", label %"done.2"
loop.1:
  %".15" = phi  i64 [0, %"loop"], [%".29", %"loop.1"]
  %".16" = phi  <4 x double> [<double              0x0, double              0x0, double              0x0, double              0x0>, %"loop"], [%".22", %"loop.1"]
  %".17" = phi  <4 x double> [<double              0x0, double              0x0, double              0x0, double              0x0>, %"loop"], [%".28", %"loop.1"]
  %".18" = getelementptr inbounds double, ptr %"b0", i64 %".10"
  %".19" = mul nsw i64 %".15", 20
  %".20" = getelementptr inbounds double, ptr %".18", i64 %".19"
  %".21" = load <4 x double>, ptr %".20", align 8
  %".22" = fadd contract <4 x double> %".16", %".21"
  %".23" = getelementptr inbounds double, ptr %"b0", i64 %".10"
  %".24" = mul nsw i64 %".15", 20
  %".25" = getelementptr inbounds double, ptr %".23", i64 %".24"
  %".26" = getelementptr inbounds double, ptr %".25", i64 4
  %".27" = load <4 x double>, ptr %".26", align 8
  %".28" = fadd contract <4 x double> %".17", %".27"
  %".29" = add nuw nsw i64 %".15", 1
  %".30" = icmp slt i64 %".29", %".12"
  br i1 %".30", label %"loop.1", label %"done.1"
done.1:
  %".32" = phi  <4 x double> [<double              0x0, double              0x0, double              0x0, double              0x0>, %"loop"], [%".22", %"loop.1"]
  %".33" = phi  <4 x double> [<double              0x0, double              0x0, double              0x0, double              0x0>, %"loop"], [%".28", %"loop.1"]
  %".34" = getelementptr inbounds double, ptr %"b1", i64 %".10"
  store <4 x double> %".32", ptr %".34", align 8
  %".36" = getelementptr inbounds double, ptr %"b1", i64 %".10"
  %".37" = getelementptr inbounds double, ptr %".36", i64 4
  store <4 x double> %".33", ptr %".37", align 8
  %".39" = add nuw nsw i64 %".10", 8
  %".40" = icmp slt i64 %".39", 16
  br i1 %".40", label %"loop", label %"done"
loop.2:
  %".46" = phi  i64 [0, %"done"], [%".53", %"loop.2"]
  %".47" = phi  <4 x double> [<double              0x0, double              0x0, double              0x0, double              0x0>, %"done"], [%".52", %"loop.2"]
  %".48" = getelementptr inbounds double, ptr %"b0", i64 16
  %".49" = mul nsw i64 %".46", 20
  %".50" = getelementptr inbounds double, ptr %".48", i64 %".49"
  %".51" = load <4 x double>, ptr %".50", align 8
  %".52" = fadd contract <4 x double> %".47", %".51"
  %".53" = add nuw nsw i64 %".46", 1
  %".54" = icmp slt i64 %".53", %".43"
  br i1 %".54", label %"loop.2", label %"done.2"
done.2:
  %".56" = phi  <4 x double> [<double              0x0, double              0x0, double              0x0, double              0x0>, %"done"], [%".52", %"loop.2"]
  %".57" = getelementptr inbounds double, ptr %"b1", i64 16
  store <4 x double> %".56", ptr %".57", align 8
  ret void
}
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }

