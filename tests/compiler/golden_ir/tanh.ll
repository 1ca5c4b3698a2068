; kernel 0: kernel_9d1e313981a8f66e10f1ed2b
; ModuleID = "kernel_9d1e313981a8f66e10f1ed2b"
target datalayout = ""

define void @"kernel_9d1e313981a8f66e10f1ed2b"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b1" = load ptr, ptr %".6"
  %".7" = getelementptr i64, ptr %".1", i64 2
  %"N" = load i64, ptr %".7"
  %".8" = add i64 %"N", 0
  %".9" = udiv i64 %".8", 1
  %".10" = mul i64 %".9", %".2"
  %".11" = udiv i64 %".10", %".3"
  %".12" = mul i64 %".11", 1
  %".13" = add i64 %".2", 1
  %".14" = mul i64 %".9", %".13"
  %".15" = udiv i64 %".14", %".3"
  %".16" = mul i64 %".15", 1
  %".17" = icmp slt i64 %".16", %"N"
  %".18" = select  i1 %".17", i64 %".16", i64 %"N"
  %".19" = icmp slt i64 %".12", %".18"
  br i1 %".19", label %"loop", label %"done"
loop:
  %".21" = phi  i64 [%".12", %"entry"], [%".59", %"loop"]
  %".22" = getelementptr inbounds float, ptr %"b0", i64 %".21"
  %".23" = load float, ptr %".22", align 4
  %".24" = call float @"llvm.fabs.f32"(float %".23")
  %".25" = fmul float %".24", %".24"
  %".26" = fmul float %".24", %".25"
  %".27" = call float @"llvm.fma.f32"(float 0xbf77505720000000, float %".25", float 0x3f951f8340000000)
  %".28" = call float @"llvm.fma.f32"(float %".27", float %".25", float 0xbfab835a20000000)
  %".29" = call float @"llvm.fma.f32"(float %".28", float %".25", float 0x3fc1106f60000000)
  %".30" = call float @"llvm.fma.f32"(float %".29", float %".25", float 0xbfd5555320000000)
  %".31" = call float @"llvm.fma.f32"(float %".26", float %".30", float %".24")
  %".32" = fcmp olt float 0x4022333340000000, %".24"
  %".33" = select  i1 %".32", float 0x4022333340000000, float %".24"
  %".34" = fadd float %".33", %".33"
  %".35" = call float @"llvm.fma.f32"(float %".34", float 0x3ff7154760000000, float 0x4168000000000000)
  %".36" = fsub float %".35", 0x4168000000000000
  %".37" = bitcast float %".35" to i32
  %".38" = bitcast float 0x4168000000000000 to i32
  %".39" = sub i32 %".37", %".38"
  %".40" = call float @"llvm.fma.f32"(float %".36", float 0xbfe62e4000000000, float %".34")
  %".41" = call float @"llvm.fma.f32"(float %".36", float 0xbeb7f7d1c0000000, float %".40")
  %".42" = call float @"llvm.fma.f32"(float 0x3f56b9c5e0000000, float %".41", float 0x3f812255e0000000)
  %".43" = call float @"llvm.fma.f32"(float %".42", float %".41", float 0x3fa5556f20000000)
  %".44" = call float @"llvm.fma.f32"(float %".43", float %".41", float 0x3fc5554b40000000)
  %".45" = call float @"llvm.fma.f32"(float %".44", float %".41", float 0x3fdfffffe0000000)
  %".46" = call float @"llvm.fma.f32"(float %".45", float %".41", float 0x3ff0000000000000)
  %".47" = call float @"llvm.fma.f32"(float %".46", float %".41", float 0x3ff0000000000000)
  %".48" = add i32 %".39", 127
  %".49" = shl i32 %".48", 23
  %".50" = bitcast i32 %".49" to float
  %".51" = call float @"llvm.fma.f32"(float %".47", float %".50", float 0x3ff0000000000000)
  %".52" = fdiv float 0x4000000000000000, %".51"
  %".53" = fcmp olt float %".24", 0x3fe4000000000000
  %".54" = fsub float 0x3ff0000000000000, %".52"
  %".55" = select  i1 %".53", float %".31", float %".54"
  %".56" = call float @"llvm.copysign.f32"(float %".55", float %".23")
  %".57" = getelementptr inbounds float, ptr %"b1", i64 %".21"
  store float %".56", ptr %".57", align 4
  %".59" = add nuw nsw i64 %".21", 1
  %".60" = icmp slt i64 %".59", %".18"
  br i1 %".60", label %"loop", label %"done"
done:
  ret void
}

declare float @"llvm.fabs.f32"(float %".1")

declare float @"llvm.fma.f32"(float %".1", float %".2", float %".3")

declare float @"llvm.copysign.f32"(float %".1", float %".2")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }

